# SPDX-License-Identifier: Apache-2.0
"""A measured reader, a campaign with links, and the tokens that are in their mail."""

from typing import Any

from chalicelib.domain.ids import (
    BrandId,
    CampaignId,
    DeliveryId,
    ListId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.measurement import Targets
from chalicelib.proof.tokens import (
    BRAND_BYTES,
    DELIVERY_BYTES,
    SID_BYTES,
    LinkPayload,
    LinkPurpose,
)

EMAIL = "visitor@example.org"
DEMO, NEWSLETTER = BrandId("demo"), ListId("newsletter")
CAMPAIGN = CampaignId(encode_id(bytes(range(0xC0, 0xD0))))
DELIVERY = DeliveryId(encode_id(bytes(range(0xD0, 0xDC))))
NOBODY = SubjectId(encode_id(bytes(SID_BYTES)))
NO_DELIVERY = DeliveryId(encode_id(bytes(DELIVERY_BYTES)))
URLS = (
    "https://www.example.org/",
    "http://www.example.com:8080/a?b=c&d=%C3%A5#e",
    "https://[2001:db8::1]/~kvitto",
)
TARGETS = Targets(brand=DEMO, list=NEWSLETTER, urls=URLS)


def payload(
    sid: SubjectId = NOBODY,
    link: int | None = None,
    delivery: DeliveryId | None = None,
    campaign: CampaignId = CAMPAIGN,
) -> LinkPayload:
    """What a token carries; without a person it is the campaign's own."""
    if delivery is None:
        delivery = NO_DELIVERY if sid == NOBODY else DELIVERY
    return LinkPayload(
        sid=decode_id(sid),
        brand=bytes(BRAND_BYTES),
        delivery=decode_id(delivery, DELIVERY_BYTES),
        campaign=decode_id(campaign),
        link=link,
    )


def click(tokens: Any, sid: SubjectId = NOBODY, link: int = 0, **more: Any) -> str:
    """The path of a link."""
    token: str = tokens.mint(LinkPurpose.CLICK, payload(sid, link, **more))
    return f"/c/{token}"


def pixel(tokens: Any, sid: SubjectId = NOBODY, **more: Any) -> str:
    """The path of a pixel."""
    token: str = tokens.mint(LinkPurpose.OPEN, payload(sid, **more))
    return f"/o/{token}"

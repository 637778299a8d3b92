# SPDX-License-Identifier: Apache-2.0
"""Events of SES about mails that have a place in a chunk."""

import json
from typing import Any

from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.ids import CampaignId
from tests.support import ses_documents as docs

CAMPAIGN = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")


def chunk(number: int = 0, shard: str = "3", campaign: CampaignId = CAMPAIGN) -> ChunkRef:
    """A chunk of the campaign."""
    return ChunkRef(campaign=campaign, shard=shard, number=number)


def at(place: int, number: int = 0, campaign: CampaignId = CAMPAIGN) -> MailPlace:
    """A place in a chunk."""
    return MailPlace(chunk=chunk(number, campaign=campaign), place=place)


def about(place: MailPlace, document: dict[str, Any], delivery: str = docs.DELIVERY) -> str:
    """``document`` as the body of the message that tells of the mail at ``place``."""
    tags = document["mail"]["tags"]
    tags |= {"c": [place.chunk.campaign], "a": [place.name], "r": [delivery]}
    return json.dumps(document)

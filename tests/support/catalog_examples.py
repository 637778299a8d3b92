# SPDX-License-Identifier: Apache-2.0
"""One of each thing an operator sets up, complete, for tests that need any at all."""

from chalicelib.domain.api_keys import ApiKey, KeyScope, key_digest
from chalicelib.domain.campaign_fingerprint import source_digest
from chalicelib.domain.campaigns import Campaign, CampaignStatus, Content
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.forms import Box, Field, FieldType, Form, NoticeRef
from chalicelib.domain.ids import BrandId, CampaignId, FormId, JobId, ListId, PurposeId
from chalicelib.domain.jobs import Job, JobStatus
from tests.support.clock import START_MS

BRAND = Brand(
    id=BrandId("demo"),
    code="0a1b2c3d",
    name="Example News",
    controller_name="Example Controller",
    postal_address="1 Example Street, Exampleville",
    contact_address="privacy@example.org",
    from_address="news@example.org",
    privacy_url="https://example.org/privacy",
    default_language="sv",
)
LIST = MailingList(id=ListId("newsletter"), brand=BRAND.id, name="Newsletter", created_ms=START_MS)
FORM = Form(
    id=FormId("demo"),
    brand=BRAND.id,
    lists=(LIST.id, ListId("events")),
    version=1,
    title={"en": "News", "sv": "Nyheter på svenska"},
    promise={"en": "Once a month."},
    fields=(
        Field(
            name="email",
            type=FieldType.EMAIL,
            label={"en": "E-mail"},
            required=True,
            autocomplete="email",
        ),
        Field(name="first_name", type=FieldType.TEXT, label={"en": "First name"}, max_chars=60),
    ),
    boxes=(
        Box(
            name="newsletter",
            purpose=PurposeId("newsletter"),
            text={"en": "Yes, send me news."},
            mandatory=True,
        ),
        Box(name="measurement", purpose=PurposeId("measurement"), text={"en": "Yes, count."}),
    ),
    notices=(
        NoticeRef(language="en", sha256="11" * 32, text_sha256="22" * 32, published_ms=START_MS),
    ),
)
CONTENT = Content(subject="Hello", html="<p>Hello {{ first_name }}</p>", text=None)
CAMPAIGN = Campaign(
    id=CampaignId("AAAAAAAAAAAAAAAAAAAAAA"),
    brand=BRAND.id,
    list=LIST.id,
    purpose=PurposeId("newsletter"),
    name="November",
    subject=CONTENT.subject,
    source_sha256=source_digest(CONTENT),
    status=CampaignStatus.DRAFT,
    created_ms=START_MS,
)
KEY = ApiKey(
    id="BBBBBBBBBBBBBBBBBBBBBA",
    name="Deploy",
    digest=key_digest("an example key of a test"),
    scopes=frozenset({KeyScope.MARKETING, KeyScope.COMPLIANCE}),
    created_ms=START_MS,
)
JOB = Job(
    id=JobId("CCCCCCCCCCCCCCCCCCCCCA"),
    kind="proofs",
    status=JobStatus.PENDING,
    created_ms=START_MS,
    request={"subscriber": "DDDDDDDDDDDDDDDDDDDDDA"},
)

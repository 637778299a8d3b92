# SPDX-License-Identifier: Apache-2.0
"""What every template is filled with, for tests that look at every page, notice and mail."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.campaigns import Progress
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.erasure import REQUESTABLE, Erasure, Ground
from chalicelib.domain.erasure_consequences import COUNTRIES, consequences
from chalicelib.domain.event_tallies import OfNobody, WhyNobody
from chalicelib.domain.form_lint import Finding as LintFinding
from chalicelib.domain.form_lint import FindingCode, Severity
from chalicelib.domain.forms import NoticeRef
from chalicelib.domain.ids import JobId, SubjectId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.rights import (
    MAX_NOTE_CHARS,
    MAX_RECEIVER_CHARS,
    REFUSABLE,
    ExtensionReason,
    Medium,
    RestrictionGround,
    Right,
    RightsRequest,
    article,
)
from chalicelib.domain.telling import to_tell
from chalicelib.entrypoints.compliance_entering import ENTERED, Wrong
from chalicelib.entrypoints.forms_console_pages import FormRow, Remark
from chalicelib.entrypoints.snippets import Snippet
from chalicelib.proof.words import TABLES
from chalicelib.services.erasure import Certificate
from chalicelib.services.findings import Finding, Standing
from chalicelib.services.receipts import Receipt, ReceiptStatus
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from tests.support.campaign_examples import campaign, campaign_page_data, dry_run_page_data
from tests.support.deliverability_examples import deliverability_page_data
from tests.support.gate_cases import stepping
from tests.support.import_examples import import_pages
from tests.support.preference_examples import health_story, preference_pages
from tests.support.recipient_examples import (
    audience_file_data,
    export_page_data,
    recipients_page_data,
)
from tests.support.segment_examples import segment_pages
from tests.support.suppression_examples import suppression_pages
from tests.support.unsubscribe_examples import WHOLE

NOTICE = NoticeRef(language="en", sha256="ab" * 32, text_sha256="cd" * 32, published_ms=0)
CHECKPOINT = {"origin": "log.example.org/demo", "size": 12, "root": "Q3Vyc29y"}
TOKEN = "t" * 43
AT_MS = 1_795_435_200_000
PERSON = SubjectId("BAAAAAAAAAAAAAAAAAAAAA")
REQUEST = JobId("DAAAAAAAAAAAAAAAAAAAAA")

Pages = Mapping[str, Mapping[str, Any]]
"""Template name → its data."""


def form_data(language: str, **changes: Any) -> dict[str, Any]:
    """What `pages/form.html` is filled with."""
    values = {
        "language": language,
        "brand": DEMO_BRAND,
        "form": DEMO_FORM,
        "notice": NOTICE,
        "languages": LANGUAGES,
        "values": {},
        "problems": {},
        "shown": "token",
        "tag": "",
        "changed": False,
    }
    return values | changes


def checking_data(**changes: Any) -> dict[str, Any]:
    """What `pages/check_mail.html` is filled with, beside language and brand."""
    values = {
        "form": DEMO_FORM,
        "address": "visitor@gmial.com",
        "suggestion": "visitor@gmail.com",
        "values": {"email": "visitor@gmial.com", "newsletter": "1"},
    }
    return values | changes


def mail_data(language: str, **changes: Any) -> dict[str, Any]:
    """What every mail of ours is filled with."""
    values = {
        "language": language,
        "brand": DEMO_BRAND,
        "lists": ["Newsletter"],
        "sentences": [DEMO_FORM.boxes[0].text[language]],
        "requested_ms": AT_MS,
        "checkpoint": CHECKPOINT,
        "confirm_url": f"https://news.example.org/confirm/{TOKEN}",
        "cancel_url": f"https://news.example.org/confirm/{TOKEN}?refuse=1",
        "unsubscribe_url": f"https://news.example.org/unsubscribe/{TOKEN}",
        "access_url": f"https://news.example.org/preferences/{TOKEN}",
        "address_url": f"https://news.example.org/address/{TOKEN}",
    }
    return values | changes


def notice_data(language: str, **changes: Any) -> dict[str, Any]:
    """What the notice is filled with."""
    values = {"language": language, "brand": DEMO_BRAND, "form": DEMO_FORM, "form_sha256": ""}
    return values | changes


def erasure(*, suppress: bool = True) -> Erasure:
    """An erasure that waits for its second key."""
    return Erasure(
        id=JobId("AAAAAAAAAAAAAAAAAAAAAA"),
        sid=PERSON,
        ground=Ground.WITHDRAWN,
        suppress=suppress,
        requested_by="key",
        requested_ms=0,
    )


def certificate(*, suppress: bool) -> Certificate:
    """The certificate of an erasure."""
    return Certificate(
        erasure=erasure(suppress=suppress),
        event="CAAAAAAAAAAAAAAAAAAAAA",
        index=7,
        leaf='{"v":"cl/1"}',
        leaf_sha256="0" * 64,
        chain_entries=4,
        vault_ref="1" * 64,
        erased_ms=AT_MS,
        final_ms=AT_MS + 604_800_000,
        origin="mail.example.org/ledger",
        checkpoint="mail.example.org/ledger\n8\nAAAA\n",
    )


def rights_request(**changes: Any) -> RightsRequest:
    """A request for access that came by letter."""
    values: dict[str, Any] = {
        "id": REQUEST,
        "sid": PERSON,
        "brand": DEMO_BRAND.id,
        "right": Right.ACCESS,
        "medium": Medium.LETTER,
        "received_ms": AT_MS,
        "entered_ms": AT_MS,
        "due_ms": AT_MS + 2_592_000_000,
        "received_by": "The front desk",
        "entered_by": "key",
        "note": b"sealed",
    }
    return RightsRequest(**(values | changes))


def visitor_pages(language: str) -> Pages:
    """Every template of `pages/` that is a page of its own."""
    base = {"language": language, "brand": DEMO_BRAND}
    agreed = base | {
        "lists": ["Newsletter"],
        "sentences": [box.text[language] for box in DEMO_FORM.boxes],
    }
    after = {"gift": None, "onward": None}
    wanted: dict[str, dict[str, Any]] = {
        "form": form_data(language),
        "check_mail": base | checking_data(),
        "confirm": agreed | {"token": TOKEN, "refusing": False},
        "confirmed": agreed | after | {"receipt": "AAAAAAAAAAAAAAAAAAAAAA", "receipt_path": None},
        "already_confirmed": base | after,
        "refused": base,
        "confirm_expired": base | {"form_id": "demo", "token": TOKEN},
        "confirm_overtaken": base | {"form_id": "demo"},
        "confirm_invalid": base,
        "unsubscribe": base | WHOLE | {"token": TOKEN},
        "unsubscribed": base | WHOLE,
        "unsubscribed_reason": base | {"reason": "other"},
        "unsubscribed_unanswered": base | {"token": TOKEN},
        "privacy": base,
        "busy": base | {"minutes": 37},
        "extra_step": base | stepping("disposable"),
        "error": {
            "language": language,
            "brand": None,
            "status": 404,
            "is_over_budget": False,
            "reference": None,
        },
        "erasure_under_way": base | {"erasure": erasure()},
        "erasure_certificate": {
            "language": language,
            "certificate": certificate(suppress=True),
            "words": TABLES[language],
        },
        "receipt": base
        | {"receipt": Receipt(status=ReceiptStatus.ERASED, brand=DEMO_BRAND), "evidence": None},
    }
    wanted |= preference_pages(language)
    return {f"pages/{name}.html": data for name, data in wanted.items()}


def notices(language: str) -> Pages:
    """Every template of `notices/`: the whole pages, the text, and the part the form shows."""
    data = notice_data(language, form_sha256="33" * 32)
    names = ("consent.html", "consent.txt", "terms.html", "terms.txt")
    return {f"notices/{name}": data for name in names}


def console_pages(language: str) -> Pages:
    """Every template of `console/` that is a page of its own."""
    frame = {
        "language": language,
        "form_token": TOKEN,
        "is_officer": True,
        "is_marketer": True,
        "words": TABLES[language],
    }
    officers = {"forbidden": {"why": "marketing"}, **_finding_pages(language), **_rights_pages()}
    wanted = officers | suppression_pages() | _marketers_pages(language)
    return {f"console/{name}.html": frame | data for name, data in wanted.items()}


def _marketers_pages(language: str) -> dict[str, dict[str, Any]]:
    return {
        "login": {"is_wrong": True},
        "overview": {
            "lists": [DEMO_LIST],
            "campaigns": [campaign()],
            "more": False,
            "left": [(DEMO_BRAND, {"too-many": 1})],
            "more_brands": False,
        },
        "campaign": campaign_page_data(moves=False),  # It has a script while it moves.
        "campaigns": {"campaigns": [campaign()], "cursor": "next", "is_first": False},
        "campaign_preview": {
            "campaign": campaign(),
            "found": None,
            "fault": "nobody",
            "email": "visitor@example.org",
            "shown": "",
        },
        "dry_run": dry_run_page_data(),
        "recipients": recipients_page_data(),
        "export": export_page_data(),
        "audience_export": {"list": DEMO_LIST},
        "audience_file": audience_file_data(),
        "campaign_cancel": {"campaign": campaign(), "progress": Progress(planned=10, sent=6)},
        "error": {"missing": "campaign"},
        "deliverability": deliverability_page_data(language),
        **_form_pages(language),
        **segment_pages(language),
        **import_pages(language),
    }


def _form_pages(language: str) -> dict[str, dict[str, Any]]:
    form = replace(DEMO_FORM, version=2, notices=(NOTICE,))
    row = FormRow(
        form=form,
        brand=DEMO_BRAND,
        title=form.title[language],
        language=language,
        languages=LANGUAGES,
        errors=0,
        warnings=1,
    )
    finding = LintFinding(
        code=FindingCode.MISSING_PROMISE,
        severity=Severity.WARNING,
        language="sv",
        place="promise",
        detail="Say what the person gets, and how often.",
    )
    remark = Remark(finding=finding, group="promise", name="", part="", words="Brev")
    snippets = [
        Snippet(language=code, html="<form>&amp;</form>\n", script="<script></script>")
        for code in LANGUAGES
    ]
    return {
        "forms": {"forms": [row], "more": True},
        "form": {
            "published": form,
            "brand": DEMO_BRAND,
            "lists": [DEMO_LIST],
            "words_in": language,
            "languages": LANGUAGES,
            "errors": 0,
            "warnings": 1,
            "remarks": [("sv", [remark])],
            "snippets": snippets,
            "versions": [form],
        },
    }


def _finding_pages(language: str) -> dict[str, dict[str, Any]]:
    asked = erasure()
    job = Job(id=asked.id, kind="proofs", status=JobStatus.READY, created_ms=0, request={})
    standing = Standing(
        consents=(),
        objections=(),
        suppressions=(),
        is_restricted=True,
        is_erased=False,
        erasure=None,
    )
    found = Finding(
        sid=asked.sid, email="visitor@example.org", language="en", mails=(), standing=standing
    )
    owed = {"owed": 2, "overdue": 1}
    nobody = [OfNobody(day=0, why=why, type="Bounce", count=3) for why in WhyNobody]
    counted = {"of_nobody": nobody, "of_nobody_days": 14, "number": str}
    search = {"problem": None, "clue": "", "waiting": [asked], "proofs": [job]} | owed | counted
    chosen = {"grounds": REQUESTABLE, "countries": COUNTRIES, "reasons": ("complaint",)}
    health = health_story("2026-11-23T12:00:00+00:00")
    person = {"brands": {}, "zone": "Europe/Stockholm", "items": (), "lists": (), "purposes": ()}
    wish = {"ground": "withdrawn", "suppress": True, "country": None, "subscriber": asked.sid}
    said = {"consequences": consequences(None, language)}
    keys = {"is_refused": False, "is_own": False, "asked_by": "one", "approved_by": ""}
    return {
        "compliance": search,
        "person": person | chosen | {"found": found, "standing": standing, "health": health},
        "proof": {"job": job},
        "erasures": {"erasures": [asked], "more": True},
        "erasure_preview": wish | said,
        "erasure": keys | said | {"erasure": asked},
    }


def _rights_pages() -> dict[str, dict[str, Any]]:
    asked = rights_request()
    late = rights_request(id=JobId("EAAAAAAAAAAAAAAAAAAAAA"), right=Right.ERASURE)
    given = dict.fromkeys(
        ("who", "subscriber", "right", "brand", "medium", "received_by", "restriction"), ""
    )
    return {
        "rights": {
            "requests": [asked, late],
            "late": {late.id},
            "zones": {DEMO_BRAND.id: DEMO_BRAND.zone},
            "is_all": False,
            "more": True,
        },
        "rights_enter": {
            "wrong": {"who": Wrong.NO_PERSON, "received_on": Wrong.NO_DAY},
            "given": given | {"erasure": "", "note": "", "received_on": "2026-11-23"},
            "today": "2026-11-23",
            "brands": [DEMO_BRAND],
            "rights_offered": list(Right),
            "media_offered": ENTERED,
            "restrictions": list(RestrictionGround),
            "erasure_grounds": REQUESTABLE,
            "max_receiver": MAX_RECEIVER_CHARS,
            "max_note": MAX_NOTE_CHARS,
        },
        "rights_request": request_data(asked),
    }


def request_data(asked: RightsRequest, **changes: Any) -> dict[str, Any]:
    """What `console/rights_request.html` is filled with, beside the frame."""
    refusable = REFUSABLE[asked.right]
    values = {
        "asked": asked,
        "problem": None,
        "note": None,
        "zone": DEMO_BRAND.zone,
        "told": to_tell(asked),
        "is_first_month": True,
        "is_late": False,
        "was_late": False,
        "is_extendable": True,
        "extensions": list(ExtensionReason),
        "refusals": refusable,
        "articles": {ground: article(asked.right, ground) for ground in refusable},
        "entered_by": "The compliance desk",
    }
    return values | changes


MAILS = ("access", "address", "address_changed", "already_subscribed", "confirm")
"""The mails of `emails/`, each a folder of a subject and two bodies."""


def campaign_data(language: str, brand: Brand = DEMO_BRAND) -> dict[str, Any]:
    """What the footer of a campaign's mail is filled with."""
    return {
        "language": language,
        "brand": brand,
        "list": DEMO_LIST.name,
        "attributes": {},
        "unsubscribe_url": f"https://news.example.org/unsubscribe/{TOKEN}",
        "preferences_url": f"https://news.example.org/preferences/{TOKEN}",
        "checkpoint": CHECKPOINT,
    }

# SPDX-License-Identifier: Apache-2.0
"""What the pages of the preference centre are filled with, for tests that look at every page."""

from dataclasses import replace
from typing import Any

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import NoticeRef
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.health_story import Code
from chalicelib.domain.preferences import RHYTHMS, Decision, Offer, decide, mark, offers
from chalicelib.domain.state import Scope, SubjectState
from chalicelib.services.address_change import AddressAnswer, AddressStatus
from chalicelib.services.preferences import Centre, Saved, Step
from chalicelib.services.reasons_to_mail import Reason
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST

TOKEN = "t" * 43
PATH = f"/preferences/{TOKEN}"
FORM = replace(
    DEMO_FORM,
    notices=tuple(
        NoticeRef(language=language, sha256="11" * 32, text_sha256="22" * 32, published_ms=0)
        for language in LANGUAGES
    ),
)


def shown(language: str) -> tuple[Offer, ...]:
    """The demo form's boxes, the first of them given."""
    found = offers((FORM,), SubjectState(), Scope(DEMO_BRAND.id, "email"), language)
    return (replace(found[0], given=True), *found[1:])


def centre(language: str, **changes: Any) -> Centre:
    """The page of somebody who gets the newsletter."""
    values: dict[str, Any] = {
        "brand": DEMO_BRAND,
        "offers": shown(language),
        "mark": mark(shown(language)),
        "lists": {DEMO_LIST.id: DEMO_LIST},
        "forms": (FORM,),
        "reasons": (
            Reason(
                list=DEMO_LIST.id,
                purpose=FORM.boxes[0].purpose,
                sentence=FORM.boxes[0].text[language],
                since_ms=1_795_435_200_000,
                act=EventType.CONSENT_CONFIRMED,
                entry=2,
                receipt=f"/receipt/{TOKEN}",
            ),
        ),
        "profile": {
            "email": "visitor@example.org",
            "language": language,
            "attributes": {"first_name": "Ada"},
            "source": {"form": "demo"},
        },
        "steps": (Step(at_ms=1_795_435_200_000, network="192.0.2.7", browser="Mozilla/5.0"),),
        "fields": FORM.facts[1:],
        "frequency": Frequency(),
        "bar": None,
        "is_objected": False,
        "is_customer": False,
    }
    return Centre(**(values | changes))


def centre_data(language: str, **changes: Any) -> dict[str, Any]:
    """What `pages/preferences.html` is filled with."""
    fields = tuple(replace(each, name=f"a-{each.name}") for each in FORM.facts[1:])
    data: dict[str, Any] = {
        "language": language,
        "languages": LANGUAGES,
        "brand": DEMO_BRAND,
        "path": PATH,
        "token": TOKEN,
        "expires_ms": 1_795_435_200_000,
        "centre": centre(language),
        "ticked": {"newsletter.newsletter"},
        "sentences": {},
        "labels": {},
        "fields": fields,
        "values": {"a-first_name": "Ada"},
        "problems": {},
        "rhythms": RHYTHMS,
        "pause_bounds": ("2026-11-24", "2027-11-23"),
        "per_week": "2",
        "pause": "",
        "mail_language": language,
    }
    return data | changes


def saved_data(language: str, **changes: Any) -> dict[str, Any]:
    """What `pages/preferences_saved.html` is filled with."""
    decision: Decision = decide(shown(language), {"newsletter.measurement"}, None)
    saved = Saved(
        decision=decision,
        changes={"first_name": "Grace", "language": "de"},
        frequency=Frequency(max_per_week=2),
        entry=4,
    )
    data: dict[str, Any] = {
        "language": language,
        "brand": DEMO_BRAND,
        "path": PATH,
        "saved": saved,
        "stopped": False,
        "bar": None,
        "sentences": {},
        "labels": {},
        "pause": "2026-12-01",
        "receipt_path": f"/receipt/{TOKEN}",
    }
    return data | changes


def own_data(language: str) -> dict[str, Any]:
    """What `pages/own_data.html` is filled with."""
    at = "2026-11-23T12:00:00+00:00"
    held = {
        "id": "A" * 22,
        "profile": centre(language).profile,
        "wished_address": "visitor@example.net",
        "frequency": {"max_per_week": 2, "paused_until": None},
        **own_wishes(at),
        **own_mail(at),
        **own_facts(at),
        "address_health": {"story": health_story(at)},
        "recipients": [{"storage": "eu-north-1"}],
    }
    return {
        "language": language,
        "brand": DEMO_BRAND,
        "data": held,
        "labels": {},
        "made_ms": 1_795_435_200_000,
        "expires_ms": 1_795_435_200_000,
        "mail_days": 180,
        "hit_days": 180,
        "order_days": 1_125,
        "event_days": 400,
        "path": PATH,
        "is_file": False,
    }


def own_wishes(at: str) -> dict[str, Any]:
    """What somebody agreed to, refused and asked for, and what keeps mail from them."""
    return {
        "consents": [
            {
                "list": "newsletter",
                "list_name": "Newsletter",
                "purpose": "newsletter",
                "status": "given",
                "since": at,
            }
        ],
        "soft_opt_ins": [],
        "objections": [{"since": at}],
        "suppressions": [{"reason": "bounce", "since": at}],
        "restricted": True,
        "rights_requests": [
            {
                "id": "b2Vmh3bLRvSwqTj0Q0uXwA",
                "right": "access",
                "brand": "demo",
                "medium": "letter",
                "received_at": "2026-11-23T12:00:00+00:00",
                "status": "open",
                "due_at": "2026-12-23T22:59:59+00:00",
                "answered_at": None,
                "note": "Asks what is kept.",
            }
        ],
    }


def own_mail(at: str) -> dict[str, Any]:
    """What happened with somebody's mail, and before it."""
    return {
        "history": [
            {"n": 0, "at": at, "says": "Sign-up.", "sealed": {"session": {"ip": "192.0.2.7"}}}
        ],
        "mails": [{"sent_at": at, "name": None, "events": [{"type": "Send"}]}],
        "measured": [
            {
                "kind": "clicked",
                "campaign": "A" * 22,
                "name": "News",
                "url": "https://www.example.org/",
                "first_at": at,
                "times": 2,
            }
        ],
        "messages": [{"at": at, "status": "sent", "subject": "Your booking"}],
    }


def health_story(at: str) -> list[dict[str, object]]:
    """Everything that can be said of an address, though never at once."""
    return [
        {"code": str(code), "at": at, "days": days, "until": at} for code in Code for days in (1, 3)
    ]


def own_facts(at: str) -> dict[str, Any]:
    """What is known of somebody, as `pages/own_facts.html` is filled with it."""
    tally = {"times": 3, "last_at": at}
    campaign = {"campaign": "A" * 22, "name": "News", "last_at": at}
    order = {"id": "4711", "amount": 129_900, "currency": "SEK"}
    item = {"product": "garden-tools", "name": "Garden tools", "quantity": 2}
    known = {
        "brand": "demo",
        "name": "Kvitto Demo",
        "orders": {
            "count": 2,
            "first_at": at,
            "last_at": at,
            "sums": [{"currency": "SEK", "orders": 2, "amount": 129_900}],
            "products": [{"product": "garden-tools", "last_at": at}],
        },
        "cart": {"at": at, "currency": "SEK", "amount": 0, "products": []},
        "mail": {
            "opened": tally,
            "clicked": tally,
            "campaigns_opened": [campaign],
            "campaigns_clicked": [campaign],
        },
        "site": {
            "visits": tally,
            "products": [{"product": "pots", "last_at": at}],
            "documents": [{"document": "white-paper", "last_at": at}],
            "custom": [{"name": "quiz.done", **tally}],
        },
        "signup_at": at,
    }
    events: list[dict[str, Any]] = [
        {"type": "order.placed", "order": {**order, "items": [item]}},
        {"type": "order.refunded", "order": order},
        {"type": "order.cancelled", "order": {"id": "4712"}},
        {"type": "signup"},
        {"type": "cart.updated", "cart": {"amount": 0, "currency": "SEK", "items": []}},
        {"type": "product.viewed", "product": "pots"},
        {"type": "page.visited", "page": "https://www.example.org/pots"},
        {"type": "document.requested", "document": "white-paper"},
        {"type": "custom", "name": "quiz.done", "properties": {"score": 7, "won": True}},
        {"type": "mail.opened", "campaign": "A" * 22, "name": "News"},
    ]
    refunded = {"at": at, "amount": 29_900, "currency": "SEK"}
    return {
        "facts": [known],
        "orders": [
            {
                **order,
                "brand": "demo",
                "placed_at": at,
                "products": ["garden-tools"],
                "cancelled_at": at,
                "refunds": [refunded],
            }
        ],
        "customer_events": [{"id": "e", "brand": "demo", "at": at, **each} for each in events],
    }


def preference_pages(language: str) -> dict[str, dict[str, Any]]:
    """Every page of the centre and the ways to it, by template name, with its data."""
    base: dict[str, Any] = {"language": language, "languages": LANGUAGES, "brand": DEMO_BRAND}
    door = base | {"token": TOKEN, "unsubscribe_path": f"/unsubscribe/{TOKEN}"}
    return {
        "preferences": centre_data(language),
        "preferences_door": door | {"is_expired": False},
        "preferences_mailed": base | {"address": "visitor@example.org"},
        "preferences_saved": saved_data(language),
        "rights": base | {"address": "", "problem": False},
        "own_data": own_data(language),
        **rights_pages(language),
    }


def rights_pages(language: str) -> dict[str, dict[str, Any]]:
    """The pages on which people use their rights, by template name, with its data."""
    base = {"language": language, "languages": LANGUAGES, "brand": DEMO_BRAND, "path": PATH}
    answer = AddressAnswer(
        status=AddressStatus.OPEN,
        brand=DEMO_BRAND,
        language=language,
        address="visitor@example.net",
    )
    return {
        "rights_done": base | {"what": "asked", "address": "visitor@example.net"},
        "rights_address": base | {"address": "visitor@example", "problem": "malformed_address"},
        "rights_restrict": base,
        "rights_erasure": base | {"days": 7},
        "address": base | {"path": f"/address/{TOKEN}", "answer": answer},
    }

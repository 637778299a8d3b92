# SPDX-License-Identifier: Apache-2.0
"""The doctor over the API: whether a brand's mails can arrive, what to mend, and what is held back.

Guarantees that asking changes nothing but the count of the key's own questions.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.deliverability import Provider
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.domain.breakers import Note
    from chalicelib.domain.deliverability import Check, Report


@operation(
    "GET", "/deliverability", KeyScope.READ, gives="Deliverability", queries=("brand",), finds=True
)
def get_deliverability(call: Call) -> Mapping[str, Any]:
    """Examine a brand's account, identity and DNS; at most 60 times an hour and key."""
    brand = call.request.query.get("brand")
    if not brand:
        raise InputError(code="bad_brand", detail="Say which brand: add ?brand= and a brand's id.")
    report = call.container.doctor.asked(brand, call.key_id)
    return _shape(report, call.container.settings.bulk_from)


@operation("GET", "/deliverability/domains", KeyScope.READ, gives="RecipientDomainPage")
def list_recipient_domains(call: Call) -> Mapping[str, Any]:
    """List recipients' domains that mail is held back from, or nearly, and why."""
    notes = call.container.stopped_domains.standing()
    return {"items": [_domain(note) for note in notes], "next_cursor": None}


@operation(
    "POST",
    "/deliverability/domains/{domain}/resume",
    KeyScope.MARKETING,
    status=202,
    gives="RecipientDomain",
)
def resume_recipient_domain(call: Call) -> Mapping[str, Any]:
    """Let mail go to a domain again; it is judged anew by what is sent from now on."""
    return _domain(call.container.stopped_domains.release(call.word("domain")))


OPERATIONS = (get_deliverability, list_recipient_domains, resume_recipient_domain)


def _domain(note: "Note") -> Mapping[str, Any]:
    return {
        "id": note.key,
        "domain": note.name,
        "level": note.level,
        "why": note.why,
        "delivered": note.counts.delivered,
        "bounced": note.counts.hard,
        "complained": note.counts.complained,
        "rate": note.counts.rate(note.why),
        "at": rfc3339(note.at_ms),
    }


def _shape(report: "Report", bulk_from: int) -> Mapping[str, Any]:
    return {
        "brand": report.brand,
        "from": report.address,
        "checked_at": rfc3339(report.checked_ms),
        "verdict": report.verdict,
        "ready": report.ready,
        "bulk_from": bulk_from,
        "providers": [
            {"id": each, "ready": not report.missed(each), "blocking": list(report.missed(each))}
            for each in Provider
        ],
        "checks": [_check(check) for check in report.checks],
    }


def _check(check: "Check") -> Mapping[str, Any]:
    return {
        "id": check.id,
        "code": check.code,
        "verdict": check.verdict,
        "sentence": check.sentence(),
        "records": [
            {"type": record.type, "name": record.name, "value": record.value}
            for record in check.records
        ],
        "required_by": list(check.required_by),
    }

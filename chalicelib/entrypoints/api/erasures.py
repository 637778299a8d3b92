# SPDX-License-Identifier: Apache-2.0
"""Erasures over the API: asked for by one key, approved by another, certified.

Guarantees that no answer holds anything of the person but random ids.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.erasure import Erasure, Ground, Stage
from chalicelib.domain.erasure_consequences import consequences
from chalicelib.domain.jobs import JobStatus
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    maybe_rfc3339,
    operation,
    page_answer,
    rfc3339,
)
from chalicelib.entrypoints.api.rights_schemas import SELECTORS
from chalicelib.entrypoints.exchange import Answer, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.proof.words import TABLES

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.erasure import Certificate

_STATUS = {
    Stage.REQUESTED: JobStatus.PENDING,
    Stage.APPROVED: JobStatus.PENDING,
    Stage.ERASED: JobStatus.READY,
    Stage.CANCELLED: JobStatus.FAILED,
}
CANCELLED = "The erasure was cancelled before it was approved. Nothing was erased; mail stays off."


@operation("GET", "/erasures", KeyScope.COMPLIANCE, gives="ErasurePage", queries=PAGED)
def list_erasures(call: Call) -> Mapping[str, Any]:
    """List erasures."""
    return page_answer(call.container.erasures.page(*call.paging()), _shape)


@operation(
    "POST",
    "/erasures",
    KeyScope.COMPLIANCE,
    status=202,
    takes="NewErasure",
    gives="Erasure",
    location="/erasures/{id}",
)
def request_erasure(call: Call) -> Mapping[str, Any]:
    """Ask for the erasure of one person; mail to them stops at once."""
    body = call.body
    asked = call.container.erasures.request(
        {name: body[name] for name in SELECTORS if name in body},
        key_id=call.key_id,
        ground=Ground(body.get("ground", Ground.WITHDRAWN)),
        suppress=body.get("suppress", True),
        country=body.get("country"),
        language=body.get("language", "en"),
    )
    return _shape(asked)


@operation("GET", "/erasures/{erasure}", KeyScope.COMPLIANCE, gives="Erasure")
def get_erasure(call: Call) -> Mapping[str, Any]:
    """Get one erasure."""
    return _shape(call.container.erasures.get(call.word("erasure")))


@operation("POST", "/erasures/{erasure}/approve", KeyScope.COMPLIANCE, status=202, gives="Erasure")
def approve_erasure(call: Call) -> Mapping[str, Any]:
    """Approve an erasure that another key asked for; it cannot be undone."""
    return _shape(call.container.erasures.approve(call.word("erasure"), call.key_id))


@operation("POST", "/erasures/{erasure}/cancel", KeyScope.COMPLIANCE, status=202, gives="Erasure")
def cancel_erasure(call: Call) -> Mapping[str, Any]:
    """Cancel an erasure nobody approved yet; mail to the person stays off."""
    return _shape(call.container.erasures.cancel(call.word("erasure")))


@operation(
    "GET",
    "/erasures/{erasure}/certificate",
    KeyScope.COMPLIANCE,
    gives="ErasureCertificate",
    conflicts=True,
    has_page=True,
)
def get_erasure_certificate(call: Call) -> Mapping[str, Any] | Answer:
    """Get the certificate for the erased person, as JSON or, when asked for, as a page."""
    shown = call.container.erasures.certificate(call.word("erasure"))
    headers, query = call.request.headers, call.request.query
    data = _certificate(shown)
    if "text/html" not in headers.get("accept", ""):
        return data
    language = choose_language([query], headers.get("accept-language", ""), shown.erasure.language)
    return certificate_page(call.container, shown, language)


def certificate_page(container: "Container", shown: "Certificate", language: str) -> Answer:
    """Return the certificate as a page to print, in one of our languages."""
    page = {"language": language, "certificate": shown, "words": TABLES[language]}
    return html(container.renderer.page("pages/erasure_certificate.html", page))


OPERATIONS = (
    list_erasures,
    request_erasure,
    get_erasure,
    approve_erasure,
    cancel_erasure,
    get_erasure_certificate,
)


def _shape(erasure: Erasure) -> Mapping[str, Any]:
    return {
        "id": erasure.id,
        "status": _STATUS[erasure.stage],
        "stage": erasure.stage,
        "created_at": rfc3339(erasure.requested_ms),
        "approved_at": maybe_rfc3339(erasure.approved_ms),
        "erased_at": maybe_rfc3339(erasure.erased_ms),
        "subscriber": erasure.sid,
        "ground": erasure.ground,
        "suppress": erasure.suppress,
        "problem": CANCELLED if erasure.stage is Stage.CANCELLED else None,
        "consequences": [
            {"country": each.country, "sentence": each.sentence}
            for each in consequences(erasure.country, erasure.language)
        ],
    }


def _certificate(shown: "Certificate") -> Mapping[str, Any]:
    return {
        "reference": shown.erasure.id,
        "origin": shown.origin,
        "entry": shown.event,
        "index": shown.index,
        "leaf": shown.leaf,
        "leaf_sha256": shown.leaf_sha256,
        "checkpoint": shown.checkpoint,
        "kid": shown.vault_ref,
        "entries_erased": shown.chain_entries,
        "ground": shown.erasure.ground,
        "suppressed": shown.erasure.suppress,
        "erased_at": rfc3339(shown.erased_ms),
        "final_after": rfc3339(shown.final_ms),
    }

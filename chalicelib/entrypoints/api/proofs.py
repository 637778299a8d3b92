# SPDX-License-Identifier: Apache-2.0
"""Proofs over the API: asked for, watched, fetched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.jobs import Job
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer, rfc3339
from chalicelib.entrypoints.api.schemas import SELECTORS
from chalicelib.entrypoints.exchange import ZIP, Answer

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

MAX_BUNDLE_BYTES = 4 * 1024 * 1024
"""What fits a Lambda answer of 6 MB once it is base64."""


@operation("GET", "/proofs", KeyScope.COMPLIANCE, gives="JobPage", queries=PAGED)
def list_proofs(call: Call) -> Mapping[str, Any]:
    """List proofs asked for in the last 7 days."""
    return page_answer(call.container.proofs.page(*call.paging()), _shape)


@operation(
    "POST",
    "/proofs",
    KeyScope.COMPLIANCE,
    status=202,
    takes="NewProof",
    gives="Job",
    location="/proofs/{id}",
)
def request_proof(call: Call) -> Mapping[str, Any]:
    """Ask for the proof bundle of one person, named by exactly one selector."""
    from chalicelib.services.proofs import Wish  # noqa: PLC0415  # loads cryptography

    body = call.body
    wish = Wish(
        lists=tuple(body.get("lists", ())),
        purposes=tuple(body.get("purposes", ())),
        recipient=body.get("recipient"),
        reason=body.get("reason"),
        language=body.get("language", "en"),
        exporter=call.key.name if call.key else "operator",
    )
    selector = {name: body[name] for name in SELECTORS if name in body}
    return _shape(call.container.proofs.request(selector, wish, call.key_id))


@operation("GET", "/proofs/{proof}", KeyScope.COMPLIANCE, gives="Job")
def get_proof(call: Call) -> Mapping[str, Any]:
    """Get one proof job."""
    return _shape(call.container.proofs.get(call.word("proof")))


@operation(
    "GET",
    "/proofs/{proof}/bundle",
    KeyScope.COMPLIANCE,
    media_type=ZIP,
    conflicts=True,
)
def get_proof_bundle(call: Call) -> Answer:
    """Fetch the finished bundle; 409 until it is ready, 303 to an address when over 4 MiB."""
    return bundle_answer(call.container, call.word("proof"))


def bundle_answer(container: "Container", proof: str) -> Answer:
    """Return a finished bundle, or where to fetch it.

    Raises:
        NotFound: there is no such proof, or its file is gone.
        Conflict: it is not ready yet, or failed.
    """
    bundle = container.proofs.bundle(proof)
    if len(bundle) > MAX_BUNDLE_BYTES:
        return Answer(status=303, headers={"Location": container.proofs.address(proof)})
    name = f'attachment; filename="kvitto-proof-{proof}.zip"'
    return Answer(body=bundle, content_type=ZIP, headers={"Content-Disposition": name})


OPERATIONS = (list_proofs, request_proof, get_proof, get_proof_bundle)


def _shape(job: Job) -> Mapping[str, Any]:
    return {
        "id": job.id,
        "status": job.status,
        "created_at": rfc3339(job.created_ms),
        "problem": job.problem,
    }

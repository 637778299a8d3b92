# SPDX-License-Identifier: Apache-2.0
"""The receipt page: a person's own act, with what lets their browser check it.

Guarantees that GET and HEAD append nothing, that one known script runs and nothing is fetched, and
that the files given are exactly those the page checks. Without the script the page claims nothing.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.exchange import HTML, TEXT, Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.security import with_script
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import BadToken, DependencyError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.receipts import Receipt, ReceiptEntry

PROOF_FILE = "application/octet-stream"
NOTICE = "notice.html"
SCRIPT = "pages/receipt.js"


def receipt_path(
    container: "Container", sid: SubjectId, brand: BrandId, entry: int | None
) -> str | None:
    """Return the path of the receipt of an entry just written, None when there is none.

    The act is done: a keeper of keys who does not answer must not make it look undone.
    """
    if entry is None:
        return None
    try:
        return f"/receipt/{container.receipts.token(sid, brand, entry)}"
    except DependencyError:
        return None


def _receipt(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    try:
        receipt = container.receipts.read(token)
    except BadToken:
        raise NotFound("This link is not known.") from None
    part = request.query.get("part")
    if part is not None:
        return _file(receipt, part)
    language = choose_language(
        [request.query], request.headers.get("accept-language", ""), receipt.brand.default_language
    )
    data = {
        "language": language,
        "brand": receipt.brand,
        "receipt": receipt,
        "path": f"/receipt/{token}",
        "evidence": _evidence(container, receipt),
        "parts": tuple(_parts(receipt)),
    }
    script = container.renderer.page(SCRIPT, {})
    return html(container.renderer.page("pages/receipt.html", data), 200, with_script(script))


def _evidence(container: "Container", receipt: "Receipt") -> Mapping[str, Any] | None:
    """What the page's script checks; None while there is nothing to check."""
    shown = [(name, entry, entry.proof) for name, entry in receipt.entries]
    proofs = [proof for _, _, proof in shown if proof is not None]
    if not proofs or len(proofs) < len(shown):
        return None
    return {
        "key": str(container.sequencer.log_key),
        "note": proofs[0].checkpoint.decode("utf-8"),
        "notice": None if receipt.notice is None else _base64(receipt.notice),
        "entries": [
            {
                "name": name,
                "leaf": entry.leaf.decode("utf-8"),
                "index": proof.index,
                "path": [_base64(each) for each in proof.hashes],
                "disclosures": list(entry.disclosures),
            }
            for name, entry, proof in shown
            if proof is not None
        ],
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _parts(receipt: "Receipt") -> Mapping[str, Answer]:
    """The receipt's files by name."""
    files: dict[str, Answer] = {}
    for name, entry in receipt.entries:
        files |= {f"{name}.{kind}": answer for kind, answer in _entry_parts(entry).items()}
    if receipt.notice is not None:
        files[NOTICE] = Answer(body=receipt.notice, content_type=HTML)
    return files


def _entry_parts(entry: "ReceiptEntry") -> Mapping[str, Answer]:
    if entry.proof is None:
        return {}
    found = {
        "leaf.json": Answer(body=entry.leaf, content_type="application/json"),
        "tlog-proof": Answer(body=entry.proof.encode(), content_type=PROOF_FILE),
    }
    if entry.disclosures:
        lines = "".join(f"{text}\n" for text in entry.disclosures)
        found["disclosures"] = Answer(body=lines.encode("ascii"), content_type=TEXT)
    return found


def _file(receipt: "Receipt", part: str) -> Answer:
    found = _parts(receipt).get(part)
    if found is None:
        raise NotFound("There is no such file on this receipt.")
    name = f'attachment; filename="{part}"'
    return Answer(
        body=found.body, content_type=found.content_type, headers={"Content-Disposition": name}
    )


show_receipt = page(_receipt)

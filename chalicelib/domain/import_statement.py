# SPDX-License-Identifier: Apache-2.0
"""What a controller states before an import runs: where the people come from, on which basis.

Guarantees that nothing runs on a bought, exchanged, rented or scraped list, nor without somebody
who answers for it by name. Refuses by a sentence that says what is missing; nothing is imported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.domain.country_names import CODES
from chalicelib.domain.enrolment import SKEW_MS
from chalicelib.errors import InputError

MAX_DETAIL_CHARS: Final = 300
MAX_NAME_CHARS: Final = 120
MAX_DOCUMENTS: Final = 10
MAX_DOCUMENT_BYTES: Final = 4 * 1024 * 1024
STATEMENT_VERSION: Final = 1
_HASH_LENGTH: Final = 64
_HEX: Final = frozenset("0123456789abcdef")


class Source(StrEnum):
    """Where the people of a file come from."""

    OWN_FORM = "own-form"
    OWN_CHECKOUT = "own-checkout"
    OWN_TILL = "own-till"
    PAPER = "paper"
    EVENT = "event"
    OWN_CRM = "own-crm"
    EARLIER_TOOL = "earlier-tool"
    ACQUIRED_BUSINESS = "acquired-business"
    BOUGHT = "bought"
    EXCHANGED = "exchanged"
    RENTED = "rented"
    SCRAPED = "scraped"
    PUBLIC_DIRECTORY = "public-directory"


REFUSED_SOURCES: Final = frozenset(
    {Source.BOUGHT, Source.EXCHANGED, Source.RENTED, Source.SCRAPED, Source.PUBLIC_DIRECTORY}
)
"""They can be named, so that the answer can say why there is no import from them."""


class Basis(StrEnum):
    """On what the mail shall rest."""

    CONSENT = "consent"
    SOFT_OPT_IN = "soft-opt-in"


class DocumentKind(StrEnum):
    """What a document shows; it must hold nobody's data."""

    WORDING = "wording"
    CONFIRMATION_MAIL = "confirmation-mail"
    FORM_PICTURE = "form-picture"
    CONTRACT = "contract"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document kept with the statement, by its SHA-256 (hex)."""

    kind: DocumentKind
    sha256: str
    size: int

    def __post_init__(self) -> None:
        is_hash = len(self.sha256) == _HASH_LENGTH and set(self.sha256) <= _HEX
        if not is_hash or not 0 < self.size <= MAX_DOCUMENT_BYTES:
            raise _bad("A document is named by its SHA-256 and has 1 byte to 4 MiB.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody answers for; ``name``, ``position`` and ``source_detail`` are staff data.

    Attributes:
        objection_how: soft opt-in only: how the objection was offered.
        objection_at_ms: soft opt-in only: since when every sale offered it, Unix ms.
        country: ISO code of where the people are, or "".
        confirmed: that all of it is true; must be.
    """

    source: Source
    basis: Basis
    name: str
    position: str
    confirmed: bool
    source_detail: str = ""
    objection_how: str = ""
    objection_at_ms: int | None = None
    country: str = ""
    documents: tuple[Document, ...] = ()

    def __post_init__(self) -> None:
        if self.source in REFUSED_SOURCES:
            raise InputError(
                code="refused_source",
                detail="Nothing was imported: consent cannot be bought, exchanged or found. It is"
                " given by each person themselves, to you (GDPR Art. 4(11)).",
            )
        if not self.confirmed:
            raise _bad("Confirm that the statement is true.")
        if not self.name.strip() or not self.position.strip():
            raise _bad("Somebody must answer for the import, with name and position.")
        if max(len(self.name), len(self.position)) > MAX_NAME_CHARS:
            raise _bad(f"Name and position have {MAX_NAME_CHARS} characters each at most.")
        if max(len(self.source_detail), len(self.objection_how)) > MAX_DETAIL_CHARS:
            raise _bad(f"Each explanation has {MAX_DETAIL_CHARS} characters at most.")
        if self.country and self.country not in CODES:
            raise _bad("A country is two capital letters of ISO 3166-1.")
        self._require_documents()
        self._require_offer()

    def _require_documents(self) -> None:
        if len(self.documents) > MAX_DOCUMENTS:
            raise _bad(f"There are {MAX_DOCUMENTS} documents at most.")
        if len({document.sha256 for document in self.documents}) != len(self.documents):
            raise _bad("A document is named twice.")

    def _require_offer(self) -> None:
        """A sale is a basis only with the objection offered at it (2002/58/EC Art. 13(2))."""
        is_told = bool(self.objection_how.strip()) and self.objection_at_ms is not None
        if self.basis is Basis.SOFT_OPT_IN and not is_told:
            raise _bad("A soft opt-in needs how, and since when, each sale offered the objection.")
        is_said = bool(self.objection_how) or self.objection_at_ms is not None
        if self.basis is Basis.CONSENT and is_said:
            raise _bad("An objection offered at sales belongs to the basis soft-opt-in.")

    @property
    def kinds(self) -> frozenset[DocumentKind]:
        """Of the documents."""
        return frozenset(document.kind for document in self.documents)


def require_stated_by(statement: Statement, now_ms: int) -> None:
    """Refuse an offer of the objection that lies in the future.

    Raises:
        InputError: ``bad_statement``.
    """
    offered = statement.objection_at_ms
    if offered is not None and offered > now_ms + SKEW_MS:
        raise _bad("The time since when the objection is offered lies in the future.")


def manifest_of(documents: Iterable[Document]) -> dict[str, object] | None:
    """Return what each person's entry commits to by ``cnt``; None without documents (grade E).

    Equal sets of documents are equal manifests, in whatever order they came.
    """
    listed = sorted(
        ({"kind": str(x.kind), "sha256": x.sha256, "bytes": x.size} for x in documents),
        key=lambda each: str(each["sha256"]),
    )
    return {"v": STATEMENT_VERSION, "documents": listed} if listed else None


def statement_document(
    statement: Statement,
    *,
    entered_by: str,
    file_mac: str,
    rules_digest: str,
    counts: Mapping[str, Mapping[str, int]],
) -> dict[str, object]:
    """Return what the entry ``import.batch`` commits to: whose word it is, and about how many.

    Args:
        entered_by: id of the API key that ran the import.
        file_mac: **keyed** MAC of the file's hash: the bare hash of a file with one row would be
            a hash of a person.
        rules_digest: SHA-256 (hex) of the country table the preview was made by.
        counts: of the preview: country → why → people.
    """
    manifest = manifest_of(statement.documents) or {}
    document = {
        "v": STATEMENT_VERSION,
        "source": str(statement.source),
        "source_detail": statement.source_detail,
        "basis": str(statement.basis),
        "objection_how": statement.objection_how,
        "objection_ts": statement.objection_at_ms,
        "country": statement.country,
        "name": statement.name,
        "position": statement.position,
        "confirmed": statement.confirmed,
        "documents": manifest.get("documents"),
        "key": entered_by,
        "file": file_mac,
        "rules": rules_digest,
        "counts": {country: dict(by_why) for country, by_why in counts.items()},
    }
    return {name: value for name, value in document.items() if value not in (None, "")}


def _bad(detail: str) -> InputError:
    return InputError(code="bad_statement", detail=f"{detail} Nothing was imported.")

# SPDX-License-Identifier: Apache-2.0
"""What is written of a row of an import: entries, a new person's profile, suppressions, counters.

Guarantees that whatever the address is suppressed for stands in the chain before anything a file
claims; that an opt-out of a file is one that the person's own new act lifts, and no operator's;
and that neither an end nor a claim that stands already is written again. Refuses to bring anybody
back: who is being erased, or was and stays suppressed, gets no entry at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.consent import ENDABLE
from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.ids import EventId
from chalicelib.domain.import_judging import GONE, ROWS, Judged, Judging, here_of, judged
from chalicelib.domain.import_rows import ImportRow, claims_of
from chalicelib.domain.import_statement import Document, manifest_of
from chalicelib.domain.import_verdicts import Act, Known, claimed_grade, is_outdated, ledger_grade
from chalicelib.domain.imports import OptOuts
from chalicelib.domain.state import Membership, SubjectState
from chalicelib.domain.suppressions import outweighs
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.group_append import Decided, Seen
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.suppressions import Change, HeldRows, Suppressor
from chalicelib.vocabulary import EventType

Drafts = tuple[Draft, ...]
_REASONS = {Act.BOUNCE: SuppressionReason.BOUNCE, Act.COMPLAIN: SuppressionReason.COMPLAINT}
_OF_CONSENT = ("grade", "claimed_grade", "claimed_ts")
"""What a claim says of a consent; a sale is none."""


def manifest_hash(documents: tuple[Document, ...]) -> str | None:
    """Return the SHA-256 (hex) that each person's entry commits to; None without documents."""
    manifest = manifest_of(documents)
    return sha256(canonical.encode(_json(manifest))).hexdigest() if manifest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What all rows of an import have in common once they are written.

    Attributes:
        batch: the entry that commits to the statement; None where an import has none.
        objection_how: how the objection was offered at sales, where a row says nothing.
        language: of somebody whose row names none we write in.
    """

    judging: Judging
    batch: EventId | None
    objection_how: str
    language: str


class ImportActs:
    """Decides rows; stores nothing."""

    def __init__(self, *, ledger: Ledger, suppressor: Suppressor, written: Written) -> None:
        self._ledger = ledger
        self._suppressor = suppressor
        self._written = written
        self._judging = written.judging
        self._target = written.judging.target
        self._manifest = manifest_hash(written.judging.by.documents)

    def judged(self, row: ImportRow, seen: Seen, *, no_mail: bool = False) -> Judged:
        """Return what becomes of a row, by what was read of its address."""
        return judged(self._judging, row, self._known(seen), no_mail=no_mail)

    def _known(self, seen: Seen) -> Known:
        if seen.chain is None:
            return GONE
        state = None if seen.chain.is_new else seen.chain.state
        reasons = tuple((each.reach, each.reason) for each in seen.suppressions)
        return here_of(self._judging, state, reasons)

    def decided(
        self, row: ImportRow, seen: Seen, counter: str = "", *, no_mail: bool = False
    ) -> Decided:
        """Return what is to be written of a row.

        Args:
            counter: counts the row under this name, not under what becomes of it.
            no_mail: no mail arrives at the domain of its address.
        """
        found = self.judged(row, seen, no_mail=no_mail)
        counts = {counter or found.counter: 1, ROWS: 1}
        act = found.why.act if found.why else Act.NOTHING
        if seen.chain is None or act is Act.NOTHING or _is_kept_away(act, seen):
            return Decided(counts=counts)
        change = self._change(act, row, seen.chain, seen)
        if not change.drafts:
            return Decided(counts=counts)
        return Decided(
            drafts=change.drafts,
            profile=self._profile(row) if seen.chain.is_new else None,
            suppress=change.rows,
            counts=counts,
        )

    def _change(self, act: Act, row: ImportRow, chain: Chain, seen: Seen) -> Change:
        held = {seen.mac: seen.suppressions}
        if act in _REASONS:
            return self._suppressed(act, row, chain, held)
        if act is Act.WITHDRAW:
            alone = self._target.opt_outs is OptOuts.LIST or is_outdated(row, self._known(seen))
            left = self._has_left(chain.state, alone=alone)
            draft = None if left else self._withdrawal(row, alone=alone)
        elif act is Act.SELL:
            draft = self._sale(row)
        else:
            claim = self._claim(row, is_held=act is Act.HOLD)
            draft = None if act is Act.HOLD and self._stands(claim, chain) else claim
        if draft is None:
            return Change()
        return Change(drafts=(*self._suppressor.unheard(chain, held), draft))

    def _suppressed(self, act: Act, row: ImportRow, chain: Chain, held: HeldRows) -> Change:
        """A complaint is an objection to the brand whose list it was, too."""
        scopes = (self._target.scope,) if act is Act.COMPLAIN else ()
        # The entry reaches every brand, and names none: this one's own export must know it.
        claims = self._claims(row)
        claims = replace(claims, link={**(claims.link or {}), "brand": self._target.brand})
        return self._suppressor.change(
            chain, _REASONS[act], scopes=scopes, claims=claims, held=held
        )

    def _claim(self, row: ImportRow, *, is_held: bool) -> Draft:
        """A statement of the controller; held back it gives nothing (docs/adr/0025)."""
        return Draft(
            type=EventType.CONSENT_IMPORTED,
            brand=self._target.brand,
            lists=(self._target.list,),
            purposes=self._target.purposes,
            via=Via.OPERATOR if is_held else None,
            content_sha256=self._manifest,
            claims=self._claims(row),
        )

    def _stands(self, claim: Draft, chain: Chain) -> bool:
        """Whether the last entry says the same: a file that is taken again adds nothing."""
        n = chain.state.entries - 1
        if n < 0:
            return False
        (last,) = self._ledger.history(chain.sid, n, n)
        event = event_of_leaf(last.leaf)
        told = (event.type, event.via, event.brand, event.lists, event.purposes, event.content)
        same = (claim.type, claim.via, claim.brand, claim.lists, claim.purposes)
        if told != (*same, claim.content_sha256):
            return False
        return _but_line(open_claims(chain.keys, last).choice) == _but_line(claim.claims.choice)

    def _sale(self, row: ImportRow) -> Draft:
        return Draft(
            type=EventType.BASIS_RECORDED,
            brand=self._target.brand,
            lists=(self._target.list,),
            purposes=self._target.purposes,
            claims=self._claims(row, is_sale=True),
        )

    def _withdrawal(self, row: ImportRow, *, alone: bool) -> Draft:
        """Via ``api``: by what another system tells, the person withdrew; nobody revoked it."""
        return Draft(
            type=EventType.CONSENT_WITHDRAWN,
            brand=self._target.brand,
            lists=(self._target.list,) if alone else (),
            via=Via.API,
            claims=self._claims(row),
        )

    def _has_left(self, state: SubjectState, *, alone: bool) -> bool:
        """Whether what the opt-out would end has ended, and nothing came after it."""
        target = self._target
        live = any(
            (key.brand, key.channel) == target.scope
            and (key.list == target.list or not alone)
            and held.status in ENDABLE
            for key, held in state.consents.items()
        )
        member = Membership(*target.scope, target.list)
        if alone:
            stopped = member in state.list_stops or target.scope in state.stops
            return stopped and not live and member not in state.soft_lists
        return target.scope in state.stops and not live and target.scope not in state.soft_opt_ins

    def _claims(self, row: ImportRow, *, is_sale: bool = False) -> Claims:
        documents = self._judging.by.terms.documents
        grades = ledger_grade(documents), claimed_grade(row, documents)
        choice: dict[str, object] = claims_of(row, *grades)
        if is_sale:
            choice = {name: value for name, value in choice.items() if name not in _OF_CONSENT}
        choice |= self._sold(row)
        ip = row.confirm_ip or row.optin_ip
        return Claims(
            subject={"email": row.address.deliverable, "email_as_typed": row.address.typed},
            session={"ip": ip} if ip else None,
            choice=_json(choice),
            link={"batch": self._written.batch} if self._written.batch else None,
        )

    def _sold(self, row: ImportRow) -> dict[str, object]:
        """The sale, as another system of the controller would state it (`Enrolment.buyer`)."""
        sale, by = row.sale, self._judging.by
        if sale is None:
            return {}
        told = {
            "sale": sale.reference,
            "product": sale.product,
            "sale_ts": sale.at_ms,
            "objection_how": sale.objection_how or self._written.objection_how,
            "objection_ts": sale.objection_at_ms or by.objection_at_ms,
        }
        return {name: value for name, value in told.items() if value}

    def _profile(self, row: ImportRow) -> dict[str, JsonValue]:
        """Of somebody new. Who is only known for an end is known by nothing but the address."""
        attributes = {} if row.is_end else dict(row.attributes)
        if row.tags and not row.is_end:
            attributes.setdefault("tags", ", ".join(row.tags))
        language = row.language if row.language in LANGUAGES else self._written.language
        return {"attributes": attributes, "email": row.address.deliverable, "language": language}


def _but_line(choice: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
    return {name: value for name, value in (choice or {}).items() if name != "line"}


def _is_kept_away(act: Act, seen: Seen) -> bool:
    """Whether nobody has the address, and it is suppressed as it might be after an erasure.

    An erasure leaves a heavier reason than its own as it was; a claim that could give nothing must
    not bring the address back.
    """
    reasons = [each.reason for each in seen.suppressions]
    is_new = seen.chain is not None and seen.chain.is_new
    return act is Act.HOLD and is_new and not outweighs(SuppressionReason.ERASED, reasons)


def _json(value: Mapping[str, object]) -> dict[str, JsonValue]:
    return dict(value)  # type: ignore[arg-type]  # Text, whole numbers, and lists of them.

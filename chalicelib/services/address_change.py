# SPDX-License-Identifier: Apache-2.0
"""Another address: asked for by its person, true once the new mailbox has answered.

Guarantees (docs/spec/rights.md section 6) that nothing changes before the button in the new mailbox
is pressed, that entry, profile and lookup change in one append after which the former address
leads to nobody, that only the newest link does anything and does it once, and that two records
never become one. Refuses nobody for being restricted: rights stay open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.catalog import Brand
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.ids import RANDOM_ID_BYTES, BrandId, EventId, SubjectId, decode_id, encode_id
from chalicelib.domain.reach import Reach
from chalicelib.domain.state import Scope, SubjectState
from chalicelib.domain.suppressions import kept_after_leaving, outweighs
from chalicelib.errors import Conflict, NotFound, OverBudget
from chalicelib.ports.access import AddressWish, AddressWishes
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.catalog import Brands
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import Suppressed
from chalicelib.ports.outside import Activity, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.sealing import NONCE_BYTES, SubjectKeys
from chalicelib.proof.tokens import confirm_token_hash
from chalicelib.services.access_links import Access
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.services.mail_domains import MailDomains
from chalicelib.services.signup import Session
from chalicelib.services.suppressions import Suppressor
from chalicelib.vocabulary import EventType

LIFE_MS = DAY_MS
"""How long the link to a new address works, milliseconds."""
KEPT_MS = 8 * DAY_MS
"""How long a wish and its links are kept, milliseconds: late readers are told what became of it."""
PER_DAY = 5
"""Wishes of one person in 24 hours."""
DAY_S = 86_400
UNKNOWN = "This link is not known."


class AddressStatus(StrEnum):
    """What the link in a new mailbox can still do."""

    OPEN = "open"
    DONE = "done"
    TAKEN = "taken"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAnswer:
    """A link to a new address as its page shows it.

    Attributes:
        address: the new one; empty where a newer wish has taken its place.
        changed: this very call did it.
        is_blocked: no marketing mail goes to the address, whatever the person agreed to.
    """

    status: AddressStatus
    brand: Brand
    language: str
    address: str = ""
    changed: bool = False
    is_blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A link with its wish and its person, read in this order."""

    wish: AddressWish
    address: str
    chain: Chain
    answer: AddressAnswer
    entry: int | None = None


class AddressChange:
    """Takes wishes for another address, and does what the link in the new mailbox asks for."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        wishes: AddressWishes,
        audience: AudienceStore,
        suppressor: Suppressor,
        index: SuppressionIndex,
        mail_domains: MailDomains,
        brands: Brands,
        activity: Activity,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._wishes = wishes
        self._audience = audience
        self._suppressor = suppressor
        self._index = index
        self._mail_domains = mail_domains
        self._brands = brands
        self._activity = activity
        self._queues = queues
        self._clock = clock
        self._random = random

    def ask(self, access: Access, typed: str, language: str) -> bool:
        """Have a link mailed to the address a person types; False where it is theirs already.

        The same calls whether anybody is known by the new address or not.

        Raises:
            InputError: the address is malformed, or no mail arrives at its domain.
            OverBudget: the person asked too often today; nothing was stored.
            NotFound: the person was erased meanwhile.
            DependencyError: perhaps no mail comes; asking again is harmless.
        """
        address, now_ms = parse_address(typed), self._clock.now_ms()
        chain = self._ledger.open(access.sid)
        held = str(self._profile(chain)["email"])
        if parse_address(held).normal == address.normal:
            return False
        if self._activity.count(f"address#{access.sid}", DAY_S, now_ms) > PER_DAY:
            raise OverBudget(
                "You have asked for too many changes of address today. Please try again tomorrow."
            )
        self._mail_domains.require(address)
        wish = encode_id(self._random(RANDOM_ID_BYTES))
        sealed = chain.keys.seal_event(
            _row(wish), address.deliverable.encode(), self._random(NONCE_BYTES)
        )
        made = AddressWish(
            id=wish,
            sid=access.sid,
            brand=access.brand,
            language=language,
            entries=chain.state.entries,
            mac=self._ledger.mac(address.normal),
            sealed=sealed,
            expires_ms=now_ms + LIFE_MS,
        )
        self._wishes.put(made, now_ms + KEPT_MS)
        self._queues.send(Queue.CONFIRMATIONS, {"v": 1, "address": access.sid, "wish": wish})
        return True

    def look(self, token: str) -> AddressAnswer:
        """Return what the link can do; changes nothing.

        Raises:
            BadToken: the text is no such token.
            NotFound: no such link was mailed, or the person was erased since.
            DependencyError: nothing was decided.
        """
        return self._asked(token).answer

    def confirm(self, token: str, session: Session) -> AddressAnswer:
        """Make the new address the person's, once.

        Raises:
            BadToken, NotFound: as `look`.
            Conflict: the chain kept moving; nothing changed.
            DependencyError: perhaps it changed; pressing again is harmless.
        """
        for _ in range(ATTEMPTS):
            asked = self._asked(token)
            if asked.answer.status is AddressStatus.DONE:
                self._tell_the_old(asked, asked.entry)
            if asked.answer.status is not AddressStatus.OPEN:
                return asked.answer
            mac = asked.wish.mac
            if self._ledger.lookup(mac).sid not in (None, asked.chain.sid):
                return replace(asked.answer, status=AddressStatus.TAKEN)
            try:
                after = self._change(asked, mac, session)
            except Conflict:
                continue
            self._tell_the_old(asked, asked.chain.state.entries)
            return replace(
                asked.answer,
                status=AddressStatus.DONE,
                changed=True,
                is_blocked=_is_blocked(after, asked.wish.brand),
            )
        raise Conflict(KEPT_MOVING)

    def _change(self, asked: _Asked, mac: str, session: Session) -> Chain:
        chain, profile = asked.chain, self._profile(asked.chain)
        draft = Draft(
            type=EventType.IDENTIFIER_CHANGED,
            brand=asked.wish.brand,
            via=Via.PAGE,
            claims=Claims(
                subject={"email": asked.address, "email_before": profile["email"]},
                session=session.claim(),
                link={"wish": asked.wish.id},
            ),
        )
        heard = self._suppressor.heard(replace(chain, macs=(mac,)), parse_address(asked.address))
        held = {each: self._ledger.lookup(each).suppressions for each in (*chain.macs, mac)}
        met = [row for row in heard.rows if row.mac == mac]
        spent = [row for row in heard.rows if row.mac != mac]
        taken = _taken(held, met, mac)
        left = self._left(chain.state, held, mac)
        # Told ahead, which lists nobody who is not suppressed: a repeat would find the change done.
        for each in sorted({row.mac for row in (*taken, *(row for row, _ in left))}):
            self._index.note(each)
        return self._ledger.append(
            chain,
            [draft, *heard.drafts],
            profile={**profile, "email": asked.address},
            suppress=(*taken, *spent, *(row for row, _ in left)),
            move_to=mac,
            recorded=tuple((row.event, leaf) for row, leaf in left),
        )

    def _left(
        self, state: SubjectState, held: Mapping[str, Sequence[Suppressed]], mac: str
    ) -> list[tuple[Suppressed, bytes]]:
        """What the addresses left behind stay suppressed for, as strangers', with its entries.

        The entries are new: those of the rows held now may stand in the person's chain.
        """
        return [
            self._ledger.suppression_of(former, reason, reach)
            for former, rows in sorted(held.items())
            if former != mac
            for reach, reason in kept_after_leaving(state, [(x.reach, x.reason) for x in rows])
        ]

    def _tell_the_old(self, asked: _Asked, entry: int | None) -> None:
        """Have the old mailbox told; the worker tells it once, however often this is asked."""
        body: dict[str, object] = {"v": 1, "moved": asked.chain.sid, "entry": entry}
        self._queues.send(Queue.CONFIRMATIONS, body | {"language": asked.wish.language})

    def _asked(self, token: str) -> _Asked:
        link = self._wishes.link(confirm_token_hash(token))
        wish = self._wishes.of(link.sid) if link is not None else None
        brand = self._brands.get(wish.brand) if wish is not None else None
        if link is None or wish is None or brand is None:
            raise NotFound(UNKNOWN)
        chain = self._ledger.open(link.sid)
        if link.wish != wish.id:
            gone = AddressAnswer(
                status=AddressStatus.OVERTAKEN, brand=brand, language=wish.language
            )
            return _Asked(wish=wish, address="", chain=chain, answer=gone)
        address = wished_address(chain.keys, wish)
        status, entry = self._status(wish, chain)
        answer = AddressAnswer(
            status=status,
            brand=brand,
            language=wish.language,
            address=address,
            is_blocked=_is_blocked(chain, brand.id),
        )
        return _Asked(wish=wish, address=address, chain=chain, answer=answer, entry=entry)

    def _status(self, wish: AddressWish, chain: Chain) -> tuple[AddressStatus, int | None]:
        """How the chain, since it was asked for, answers; the append then holds it to that."""
        for entry in self._ledger.history(chain.sid, wish.entries, chain.state.entries - 1):
            if event_of_leaf(entry.leaf).type is EventType.IDENTIFIER_CHANGED:
                own = (open_claims(chain.keys, entry).link or {}).get("wish") == wish.id
                return (AddressStatus.DONE, entry.n) if own else (AddressStatus.OVERTAKEN, None)
        if self._clock.now_ms() >= wish.expires_ms:
            return AddressStatus.EXPIRED, None
        return AddressStatus.OPEN, None

    def _profile(self, chain: Chain) -> dict[str, JsonValue]:
        member = self._audience.member(chain.sid)
        if member is None or not member.sealed:
            raise NotFound(UNKNOWN)
        return open_profile(chain.keys, member.sealed)


def wished_address(keys: SubjectKeys, wish: AddressWish) -> str:
    """Return the address a wish asks for.

    Raises:
        EvidenceError: it was sealed for another person, or altered.
    """
    return keys.open_event(_row(wish.id), wish.sealed).decode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The address that a change replaced, the change's event, when and in whose name it was made.

    Attributes:
        at_ms: Unix milliseconds.
    """

    address: str
    event: EventId
    brand: BrandId | None
    at_ms: int


def address_before(chain: Chain, entry: int, history: Ledger) -> Left:
    """Return what an ``identifier.changed`` entry replaced.

    Raises:
        NotFound: there is no such entry.
    """
    found = history.history(chain.sid, entry, entry)
    if not found or event_of_leaf(found[0].leaf).type is not EventType.IDENTIFIER_CHANGED:
        raise NotFound("There is no such change of address.")
    before = (open_claims(chain.keys, found[0]).subject or {})["email_before"]
    event = event_of_leaf(found[0].leaf)
    return Left(address=str(before), event=found[0].event, brand=event.brand, at_ms=event.at_ms)


def _taken(
    held: Mapping[str, Sequence[Suppressed]], met: Sequence[Suppressed], mac: str
) -> tuple[Suppressed, ...]:
    """What the new address's row lacks of the others': the person is suppressed, or is not.

    Args:
        met: what a digest of the new address was suppressed for.
    """
    heaviest: dict[Reach, Suppressed] = {}
    for row in (*met, *(row for _, rows in sorted(held.items()) for row in rows)):
        known = heaviest.get(row.reach)
        if known is None or outweighs(row.reason, [known.reason]):
            heaviest[row.reach] = row
    return tuple(
        replace(row, mac=mac, salt_key=None)
        for reach, row in heaviest.items()
        if outweighs(row.reason, [own.reason for own in held[mac] if own.reach == reach])
    )


def _is_blocked(chain: Chain, brand: BrandId) -> bool:
    return any(x.reach.covers(Scope(brand, EMAIL)) for x in chain.state.suppressions)


def _row(wish: str) -> bytes:
    """What a wish's seal is bound to."""
    return b"address#" + decode_id(SubjectId(wish))

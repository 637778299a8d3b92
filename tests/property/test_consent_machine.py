# SPDX-License-Identifier: Apache-2.0
"""Acts in any order against an oracle that shares no code with the fold.

The oracle keeps the plain list of acts and answers from it: who last said what about this very
list, and what stands in the way. The product answers from the folded state.
"""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.consent import acts_of_withdrawal, fold, may_confirm
from chalicelib.domain.eligibility import Allowed, Basis, decide
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import (
    SOFT_OPT_IN,
    ConsentStatus,
    Scope,
    dump_state,
    load_state,
    memberships,
)
from chalicelib.errors import FatalError
from chalicelib.vocabulary import EventType

NEWS = PurposeId("newsletter")
BRANDS = ("north", "south")
LISTS = ("weekly", "events")
CLAIMS = ("import", "documented", "attest")
ENDS = ("withdraw", "object", "refuse", "expire")
brands, lists = st.sampled_from(BRANDS), st.sampled_from(LISTS)


@dataclass
class Oracle:
    """Acts as (what, brand, list or None); None means all of the brand's lists."""

    acts: list[tuple[str, str, str | None]] = field(default_factory=list)

    def _last(self, *what: str, brand: str, list_id: str | None) -> int:
        """Position of the latest such act that concerns this list, -1 when there is none."""
        found = [
            n
            for n, (name, of, about) in enumerate(self.acts)
            if name in what and of in (brand, "*") and (about in (None, list_id) or list_id is None)
        ]
        return max(found, default=-1)

    def may_be_mailed(self, brand: str, list_id: str) -> bool:
        own = self._last("confirm", "renew", brand=brand, list_id=list_id)
        ended = self._last(*ENDS, brand=brand, list_id=list_id)
        objected = self._last("object", brand=brand, list_id=None)
        bounced = self._last("bounce", "complain", brand=brand, list_id=None)
        blocked = (
            any(name in ("erase", "suppress") for name, _, _ in self.acts)
            or self.restricted()
            or objected > self._last("confirm", brand=brand, list_id=None)
            or bounced > self._any_confirmation()
        )
        if blocked:
            return False
        if own > ended:
            return True
        return ended < 0 and (self._imported(brand, list_id) or self._bought(brand))

    def restricted(self) -> bool:
        """Processing was restricted, and nobody ended that since."""
        words = [name for name, _, _ in self.acts if name in ("restrict", "lift")]
        return bool(words) and words[-1] == "restrict"

    def given(self, brand: str, list_id: str) -> bool:
        """The person, or an import, gave consent to this list and nothing ended it since."""
        own = self._last("confirm", "renew", brand=brand, list_id=list_id)
        ended = self._last(*ENDS, brand=brand, list_id=list_id)
        return own > ended or (ended < 0 and self._imported(brand, list_id))

    def expirable(self, brand: str, list_id: str) -> bool:
        """There is something about this list that can run out, or that ran out last."""
        asked = self._last("request", brand=brand, list_id=list_id)
        ended = self._last(*ENDS, brand=brand, list_id=list_id)
        return self.given(brand, list_id) or asked > ended or self.expired(brand, list_id)

    def expired(self, brand: str, list_id: str) -> bool:
        """It ran out, and the person said nothing about this list since."""
        end = self._last("expire", brand=brand, list_id=list_id)
        said = self._last(
            *("request", "confirm", "renew", "withdraw", "object", "refuse"),
            brand=brand,
            list_id=list_id,
        )
        return end > said and Oracle(self.acts[:end]).expirable(brand, list_id)

    def complained(self, brand: str) -> bool:
        """A complaint stands: no confirmation, for whichever brand, lifted it."""
        return self._last("complain", brand=brand, list_id=None) > self._any_confirmation()

    def _any_confirmation(self) -> int:
        """An address that works for one brand works for all: any confirmation proves it."""
        return max((n for n, act in enumerate(self.acts) if act[0] == "confirm"), default=-1)

    def _imported(self, brand: str, list_id: str) -> bool:
        """An import counts when it was the first word about this list."""
        about = [n for n, (name, of, li) in enumerate(self.acts) if of == brand and li == list_id]
        first = [
            self.acts[n][0] for n in about if self.acts[n][0] in ("request", "confirm", *CLAIMS)
        ]
        return bool(first) and first[0] in CLAIMS

    def grade(self, brand: str, list_id: str) -> str:
        """How strong the evidence of a standing consent is: its own act, attested, or claimed."""
        if self._last("confirm", "renew", brand=brand, list_id=list_id) >= 0:
            return "B"
        if self._last("attest", brand=brand, list_id=list_id) >= 0:
            return "C"
        return "D" if self._last("documented", brand=brand, list_id=list_id) >= 0 else "E"

    def _bought(self, brand: str) -> bool:
        return any(name == "buy" and of == brand for name, of, _ in self.acts)


class ConsentMachine(RuleBasedStateMachine):
    """One person, two brands with two lists each, every act there is."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.history: list[Event] = []
        self.state = fold([])
        self.links: list[tuple[int, int, str, str]] = []
        self.ended = False

    def act(
        self,
        name: str,
        type_: EventType,
        brand: str = "*",
        about: str | None = None,
        **more: object,
    ) -> None:
        self.append(type_, brand, about, **more)
        self.oracle.acts.append((name, brand, about))

    def append(
        self, type_: EventType, brand: str = "*", about: str | None = None, **more: object
    ) -> None:
        event = Event(
            type=type_,
            at_ms=len(self.history),
            brand=None if brand == "*" else BrandId(brand),
            channel=EMAIL,
            lists=(ListId(about),) if about else (),
            **{"purposes": (NEWS,) if about else (), **more},  # type: ignore[arg-type]
        )
        self.history.append(event)
        self.state = fold(self.history)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=lists)
    def ask(self, brand: str, about: str) -> None:
        self.links.append((len(self.history), len(self.oracle.acts), brand, about))
        self.act("request", EventType.CONSENT_REQUESTED, brand, about)

    @precondition(lambda self: not self.ended and self.links)
    @rule(data=st.data())
    def follow_a_link(self, data: st.DataObject) -> None:
        """Any link ever mailed, however old; it works unless something overtook or blocks it."""
        entry, since, brand, about = data.draw(st.sampled_from(self.links))
        overtaken = any(
            name in ENDS and of == brand and li in (None, about)
            for name, of, li in self.oracle.acts[since:]
        ) or any(name == "suppress" for name, _, _ in self.oracle.acts)
        overtaken = overtaken or self.oracle.restricted()
        allowed = may_confirm(self.state, entry, BrandId(brand), EMAIL, (ListId(about),), (NEWS,))
        assert allowed == (not overtaken)
        if allowed:
            self.act("confirm", EventType.CONSENT_CONFIRMED, brand, about, via=Via.PAGE)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=st.none() | lists, whole=st.booleans())
    def withdraw(self, brand: str, about: str | None, *, whole: bool) -> None:
        """From a list by name: the purpose that was given, or, seen or not, every one of it."""
        more = {"purposes": ()} if whole else {}
        self.act("withdraw", EventType.CONSENT_WITHDRAWN, brand, about, via=Via.PAGE, **more)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands)
    def unsubscribe(self, brand: str) -> None:
        """By a mail's link: whatever is live or not, the oracle never forgets that it was said."""
        for type_ in acts_of_withdrawal(self.state, Scope(BrandId(brand), EMAIL)):
            self.append(type_, brand, via=Via.LIST_UNSUB_POST)
        self.oracle.acts.append(("withdraw", brand, None))
        assert acts_of_withdrawal(self.state, Scope(BrandId(brand), EMAIL)) == ()

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=st.none() | lists)
    def expire(self, brand: str, about: str | None) -> None:
        name = "expire" if about is None or self.oracle.expirable(brand, about) else "ignored"
        self.act(name, EventType.CONSENT_EXPIRED, brand, about)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=lists)
    def renew(self, brand: str, about: str) -> None:
        stands = self.oracle.given(brand, about) or self.oracle.expired(brand, about)
        self.act("renew" if stands else "ignored", EventType.CONSENT_RENEWED, brand, about)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=lists)
    def refuse(self, brand: str, about: str) -> None:
        # "This was not me" answers a request: what was given before it stays.
        name = "ignored" if self.oracle.given(brand, about) else "refuse"
        self.act(name, EventType.CONSENT_REFUSED, brand, about, via=Via.PAGE)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands)
    def object(self, brand: str) -> None:
        self.act("object", EventType.OBJECTION_RECORDED, brand, via=Via.PAGE)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=lists, documented=st.booleans())
    def import_claim(self, brand: str, about: str, *, documented: bool) -> None:
        name = "documented" if documented else "import"
        name = "ignored" if self.oracle.complained(brand) else name
        before = self._sendable()
        content = "ab" * 32 if documented else None
        self.act(name, EventType.CONSENT_IMPORTED, brand, about, content=content)
        self.only_the_silent_were_won(before, brand)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=lists, content=st.sampled_from([None, "ab" * 32]))
    def import_that_waits(self, brand: str, about: str, content: str | None) -> None:
        """A claim held back is no word about the list at all: the oracle forgets it."""
        more = {"via": Via.OPERATOR, "content": content}
        self.act("ignored", EventType.CONSENT_IMPORTED, brand, about, **more)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=lists)
    def attest(self, brand: str, about: str) -> None:
        """Another system of the controller says that a box was ticked: it never lifts anything."""
        name = "ignored" if self.oracle.complained(brand) else "attest"
        before = self._sendable()
        self.act(name, EventType.CONSENT_IMPORTED, brand, about, via=Via.API)
        self.only_the_silent_were_won(before, brand)

    @precondition(lambda self: not self.ended)
    @rule(brand=brands, about=st.none() | lists)
    def buy(self, brand: str, about: str | None) -> None:
        """A sale, with or without the list it brings the buyer to: no list is asked to decide."""
        name = "ignored" if self.oracle.complained(brand) else "buy"
        before = self._sendable()
        self.append(EventType.BASIS_RECORDED, brand, about)
        self.oracle.acts.append((name, brand, None))
        self.only_the_silent_were_won(before, brand)

    def _sendable(self) -> set[tuple[str, str]]:
        return {
            (brand, about)
            for brand in BRANDS
            for about in LISTS
            if isinstance(
                decide(self.state, Scope(BrandId(brand), EMAIL), ListId(about), NEWS), Allowed
            )
        }

    def only_the_silent_were_won(self, before: set[tuple[str, str]], brand: str) -> None:
        """Promise 10: whoever is sendable now never said no to that list, nor to that brand."""
        for won_brand, about in self._sendable() - before:
            assert won_brand == brand
            scope = Scope(BrandId(brand), EMAIL)
            assert scope not in self.state.objections
            assert scope not in self.state.stops
            assert self.oracle._last(*ENDS, brand=brand, list_id=about) < 0

    @precondition(lambda self: not self.ended)
    @rule()
    def bounce(self) -> None:
        self.act("bounce", EventType.SUPPRESSION_ADDED, reason="bounce")

    @precondition(lambda self: not self.ended)
    @rule(brand=brands)
    def complain(self, brand: str) -> None:
        self.act("complain", EventType.SUPPRESSION_ADDED, reason="complaint")
        self.act("object", EventType.OBJECTION_RECORDED, brand, via=Via.COMPLAINT)

    @precondition(lambda self: not self.ended and len(self.history) > 8)
    @rule()
    def suppress(self) -> None:
        self.act("suppress", EventType.SUPPRESSION_ADDED, reason="manual")

    @precondition(lambda self: not self.ended and len(self.history) > 8)
    @rule()
    def restrict(self) -> None:
        self.act("restrict", EventType.SUBJECT_RESTRICTED, reason="objection")

    @precondition(lambda self: not self.ended)
    @rule()
    def lift_the_restriction(self) -> None:
        """By the officer; it brings back what stood before, and nothing that was ended."""
        self.act("lift", EventType.HOLD_RELEASED, reason="ended")

    @precondition(lambda self: not self.ended)
    @rule(reason=st.sampled_from(["legal-claim", "legal-duty"]))
    def release_a_hold(self, reason: str) -> None:
        """A hold is about keeping proof: its end changes nothing here."""
        self.act("hold released", EventType.HOLD_RELEASED, reason=reason)

    @precondition(lambda self: not self.ended and len(self.history) > 8)
    @rule()
    def erase(self) -> None:
        self.act("erase", EventType.SUBJECT_ERASED, reason="withdrawn")
        self.ended = True

    @precondition(lambda self: self.ended)
    @rule(type_=st.sampled_from([EventType.CONSENT_CONFIRMED, EventType.CONSENT_REQUESTED]))
    def nothing_follows_an_erasure(self, type_: EventType) -> None:
        after = Event(type=type_, at_ms=len(self.history), brand=BrandId("north"), channel=EMAIL)
        with pytest.raises(FatalError):
            fold([after], self.state)

    @invariant()
    def mail_goes_out_exactly_when_the_oracle_says_so(self) -> None:
        for brand in BRANDS:
            for about in LISTS:
                found = decide(self.state, Scope(BrandId(brand), EMAIL), ListId(about), NEWS)
                assert isinstance(found, Allowed) == self.oracle.may_be_mailed(brand, about)

    @invariant()
    def a_grade_says_whose_word_it_is(self) -> None:
        for key, consent in self.state.consents.items():
            if consent.status is ConsentStatus.GIVEN:
                assert consent.grade == self.oracle.grade(key.brand, key.list)

    @invariant()
    def whoever_may_be_mailed_because_of_a_list_they_bought_into_is_planned(self) -> None:
        for key in self.state.soft_lists:
            scope = Scope(key.brand, key.channel)
            blocked = self.state.suppressions or self.state.restricted or self.state.erased
            found = decide(self.state, scope, key.list, NEWS)
            # In the product a list is one brand's: only here do two share a name.
            own = replace(
                self.state,
                consents={k: c for k, c in self.state.consents.items() if k.brand == key.brand},
                soft_lists={k: n for k, n in self.state.soft_lists.items() if k.brand == key.brand},
            )
            planned = (key.list, SOFT_OPT_IN) in memberships(own)
            if isinstance(found, Allowed) and found.basis is Basis.SOFT_OPT_IN:
                assert planned
            elif planned:
                assert blocked or scope in self.state.objections

    @invariant()
    def the_stored_row_is_the_fold(self) -> None:
        state = self.state
        assert load_state(dump_state(state)) == state
        assert state.entries == len(self.history)


ConsentMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestConsentMachine = ConsentMachine.TestCase

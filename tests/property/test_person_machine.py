# SPDX-License-Identifier: Apache-2.0
"""A person through every service, in any order and two at a time: who gets a campaign, and where.

`test_consent_machine` holds the fold against an oracle. Here the whole product in memory acts, and
another act may slip in just before any of its commits, any number of old links in hand. Mail goes
out exactly when the fold of the entries says so, and a no outlives everything but a later yes.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.domain.consent import fold
from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.enrolment import Person, Sale, Shown
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import DELIVERY_ID_BYTES, ListId, PurposeId, SubjectId, decode_id
from chalicelib.domain.rights import Right
from chalicelib.domain.standing import dump_standing, standing
from chalicelib.domain.state import Scope, memberships
from chalicelib.errors import KvittoError, NotFound
from chalicelib.services.entries import event_of_leaf, open_claims, open_profile
from chalicelib.services.preferences import Wish
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from tests.support.faults import Moment, no_faults
from tests.support.world import BASE_URL, READER, VISITOR, World

ADDRESS, ELSEWHERE = "one@example.org", "two@example.org"
BOX = {"newsletter": True}
NEWS = PurposeId("newsletter")
SCOPE = Scope(DEMO_BRAND.id, EMAIL)
OWN_YES = (EventType.CONSENT_CONFIRMED, EventType.CONSENT_CHANGED)
NO = (EventType.CONSENT_WITHDRAWN, EventType.OBJECTION_RECORDED)

Act = Callable[["PersonMachine"], object]


class NobodyYet(Exception):  # noqa: N818  # no error: the act has nobody to be done to
    """There is no such person, or no such mail, yet."""


def _acts() -> st.SearchStrategy[Act]:
    """Everything that can be done to or by one person."""
    which = st.integers(0, 3)
    boxes = st.sets(st.sampled_from(["newsletter", "measurement"]))
    rights = (Right.OBJECTION, Right.RESTRICTION, Right.ACCESS, Right.ERASURE)
    reasons = st.sampled_from(["complaint", "manual", "bounce"])
    plain = ("sign_up", "open_mail", "unsubscribe", "lift", "attest", "buy", "move")
    return st.one_of(
        st.sampled_from(plain).map(lambda name: lambda on: getattr(on, name)()),
        which.map(lambda n: lambda on: on.confirm(n)),
        which.map(lambda n: lambda on: on.refuse(n)),
        boxes.map(lambda ticked: lambda on: on.choose(ticked)),
        st.sampled_from(rights).map(lambda right: lambda on: on.use(right)),
        reasons.map(lambda reason: lambda on: on.world.suppressions.add(ADDRESS, reason)),
    )


ACTS = _acts()


class PersonMachine(RuleBasedStateMachine):
    """Everything that can be done to or by one person, and a second act in the middle of it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.sids: list[SubjectId] = []
        self.written: dict[SubjectId, list[bytes]] = {}
        self.campaigns = 0

    @initialize(asked=st.booleans(), known=st.booleans())
    def begin(self, *, asked: bool, known: bool) -> None:
        """Most acts need somebody to be done to."""
        if known:
            self.world.subscribe(ADDRESS)
        if asked:
            self.world.time.advance(16 * MINUTE_MS)
            self.sign_up()
            self.world.settle()
        self._learn()

    @rule(act=ACTS)
    def alone(self, act: Act) -> None:
        self._try(act)

    @rule(act=ACTS, other=ACTS, nth=st.integers(1, 3))
    def together(self, act: Act, other: Act, nth: int) -> None:
        """The other act comes whole between what this one read and what it commits."""
        left = nth

        def slip_in(call: str, moment: Moment) -> None:
            nonlocal left
            if (call, moment) != ("LedgerStore.commit", Moment.BEFORE):
                return
            left -= 1
            if left == 0:
                self.world.faults = no_faults
                self._try(other)

        self.world.faults = slip_in
        self._try(act)
        self.world.faults = no_faults

    @rule(minutes=st.sampled_from([1, 16, 25 * 60, 73 * 60, 31 * 24 * 60]), act=ACTS)
    def later(self, minutes: int, act: Act) -> None:
        self.world.time.advance(minutes * MINUTE_MS)
        self._try(act)

    @rule(act=ACTS, which=st.integers(0, 2))
    def then_follow_a_link(self, act: Act, which: int) -> None:
        self._try(act)
        self._try(lambda on: on.confirm(which))

    @rule()
    def send_a_campaign(self) -> None:
        """The one thing that counts: it arrives exactly when the fold allows it."""
        self.world.settle()
        self._learn()
        allowed = sorted(self._address(sid) for sid in self.sids if self._allowed(sid))
        self.campaigns += 1
        html = f"<p>Campaign {self.campaigns}</p>"
        self.world.campaign(f"News {self.campaigns}", html=html)
        self.world.settle()
        got = [mail.message.to for mail in self.world.mails if html in mail.message.html]
        assert sorted(got) == allowed

    @invariant()
    def the_state_is_the_fold(self) -> None:
        for sid in self.sids:
            loaded = self.world.store.load(sid)
            if loaded.state is not None:
                assert loaded.state == fold(self._events(sid))

    @invariant()
    def what_stands_in_the_clear_is_what_the_state_says(self) -> None:
        for sid, row in self.world.rows.audience.items():
            state = self.world.state(sid)
            assert (row.lists, row.standing) == (memberships(state), dump_standing(standing(state)))

    @invariant()
    def a_no_outlives_everything_but_a_later_yes(self) -> None:
        for sid in self.sids:
            said_no, said_yes = -1, -1
            for n, event in enumerate(self._events(sid)):
                if event.type in NO and (not event.purposes or NEWS in event.purposes):
                    said_no = n
                elif event.type in OWN_YES and NEWS in event.purposes:
                    said_yes = n
            assert said_yes > said_no or said_no < 0 or not self._allowed(sid)

    @invariant()
    def a_confirmation_answers_a_request_made_after_the_last_no(self) -> None:
        for sid in self.sids:
            said_no = -1
            for n, event in enumerate(self._events(sid)):
                if event.type in NO:
                    said_no = n
                elif event.type is EventType.CONSENT_CONFIRMED:
                    asked = self._request_of(sid, n)
                    assert asked is None or asked > said_no

    @invariant()
    def an_address_leads_to_whose_mail_goes_there_and_to_nobody_else(self) -> None:
        for mac, sid in self.world.rows.lookups.items():
            assert self.world.store.load(sid).macs == (mac,)
            assert self.world.ledger.mac(self._address(sid)) == mac

    @invariant()
    def what_was_written_stays_written(self) -> None:
        for sid, before in self.written.items():
            leaves = [entry.leaf for entry in self.world.store.history(sid)]
            assert leaves[: len(before)] == before

    # How it is done.

    def _try(self, act: Act) -> None:
        """Do it; a refusal in words is an answer, and anything else is not."""
        with suppress(KvittoError, NobodyYet):
            act(self)
        self._learn()

    def _learn(self) -> None:
        for address in (ELSEWHERE, ADDRESS):
            sid = self.world.ledger.lookup(self.world.ledger.mac(address)).sid
            if sid is not None and sid not in self.sids:
                self.sids.append(sid)
        for each in self.sids:
            self.written[each] = [entry.leaf for entry in self.world.store.history(each)]

    def _sid(self) -> SubjectId:
        if not self.sids:
            raise NobodyYet
        return self.sids[-1]

    def _events(self, sid: SubjectId) -> list[Event]:
        return [event_of_leaf(entry.leaf) for entry in self.world.store.history(sid)]

    def _request_of(self, sid: SubjectId, n: int) -> int | None:
        """Number of the request that a confirmation answers; None once nobody can read it."""
        try:
            keys = self.world.ledger.open(sid).keys
        except NotFound:
            return None
        (entry,) = self.world.store.history(sid, n, n)
        found = self.world.store.locate(str((open_claims(keys, entry).link or {})["request"]))
        return found.n if found else None

    def _address(self, sid: SubjectId) -> str:
        """Where the person's mail goes."""
        member = self.world.audience.member(sid)
        if member is None:
            raise NobodyYet
        return str(open_profile(self.world.ledger.open(sid).keys, member.sealed)["email"])

    def _allowed(self, sid: SubjectId) -> bool:
        events = self._events(sid)
        return isinstance(decide(fold(events), SCOPE, DEMO_LIST.id, NEWS), Allowed)

    def _link(self, which: int) -> str:
        """One of the last links mailed, however dead."""
        tokens = [
            mail.message.text.split("/confirm/")[1].split()[0]
            for mail in self.world.mails
            if "/confirm/" in mail.message.text
        ]
        if which >= len(tokens):
            raise NobodyYet
        return tokens[-1 - which]

    def sign_up(self) -> None:
        self.world.signup.submit("demo", {"newsletter": "yes", "email": ADDRESS}, VISITOR, "en")

    def open_mail(self) -> None:
        self.world.settle()

    def confirm(self, which: int) -> None:
        self.world.confirmation.confirm(self._link(which), READER)

    def refuse(self, which: int) -> None:
        self.world.confirmation.refuse(self._link(which), READER)

    def use(self, right: Right) -> None:
        self.world.rights.by_person(self._sid(), DEMO_BRAND.id, right, READER)

    def unsubscribe(self) -> None:
        url = self.world.tokens.unsubscribe_url(
            BASE_URL, DEMO_BRAND, decode_id(self._sid()), bytes(DELIVERY_ID_BYTES)
        )
        token = url.rpartition("/")[2]
        self.world.unsubscribe.withdraw(token, READER, Via.LIST_UNSUB_POST)

    def move(self) -> None:
        """To the other of two addresses and back, by the newest link in its mailbox."""
        sid = self._sid()
        links = self.world.access_links
        to = ELSEWHERE if self._address(sid) == ADDRESS else ADDRESS
        access = links.open(links.make(sid, DEMO_BRAND.id, "en"))
        self.world.address_change.ask(access, to, "en")
        self.world.settle()
        texts = [mail.message.text for mail in self.world.mails if mail.message.to == to]
        tokens = [text.split("/address/")[1].split()[0] for text in texts if "/address/" in text]
        if not tokens:
            raise NobodyYet
        self.world.address_change.confirm(tokens[-1], READER)

    def choose(self, ticked: set[str]) -> None:
        links = self.world.access_links
        access = links.open(links.make(self._sid(), DEMO_BRAND.id, "en"))
        centre = self.world.preferences.show(access, "en")
        names = [offer.name for offer in centre.offers if str(offer.purpose) in ticked]
        wish = Wish(ticked=names, mark=centre.mark, language="en", frequency=Frequency())
        self.world.preferences.save(access, wish, READER, "en")

    def lift(self) -> None:
        for request in self.world.rights.page(None, 50).items:
            if request.right is Right.RESTRICTION:
                self.world.right_answers.lift(request.id, "officer")

    def attest(self) -> None:
        person = Person(email=ADDRESS, entered_by="shop")
        shown = Shown(form=DEMO_FORM.id, notice="", boxes=BOX)
        self.world.enrolment.attest(person, shown, self.world.time.now_ms() - 1, VISITOR)

    def buy(self) -> None:
        now_ms = self.world.time.now_ms()
        sale = Sale(
            reference="order 1",
            product="books",
            at_ms=now_ms - DAY_MS,
            objection_how="box at the check-out",
            objection_at_ms=now_ms - DAY_MS,
        )
        person = Person(email=ADDRESS, entered_by="shop")
        self.world.enrolment.buyer(person, DEMO_BRAND.id, ListId("newsletter"), "newsletter", sale)


PersonMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestPersonMachine = pytest.mark.slow(PersonMachine.TestCase)

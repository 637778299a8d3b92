# SPDX-License-Identifier: Apache-2.0
"""Whatever happened before, and whoever sends: a suppressed address gets no mail of ours.

The whole product in memory lives through a random history of one address: sign-ups, bounces and
complaints in any form and repeated, an operator, imports of every kind, time. Then every sender
tries. What leaves are answers to the person's own act, and nothing but their own confirmation makes
the address one that campaigns may mail again.
"""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.campaigns import Content
from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.enrolment import Person, Sale, Shown
from chalicelib.domain.events import EMAIL
from chalicelib.domain.folding import CAMPAIGN_TAG
from chalicelib.domain.ids import CampaignId, ListId, PurposeId
from chalicelib.domain.state import Scope
from chalicelib.errors import KvittoError
from chalicelib.ports.sending import Message
from chalicelib.services.messages import Asked
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from infra.local.ses_events import timestamp
from tests.support import ses_documents as docs
from tests.support.memory_sending import accept
from tests.support.retrying import REFUSED
from tests.support.service_messages import service_world
from tests.support.template_examples import ORDER_DATA
from tests.support.world import READER, VISITOR

ADDRESS = docs.RECIPIENT
NEWS = PurposeId("newsletter")
SCOPE = Scope(DEMO_BRAND.id, EMAIL)
UNTAGGED: dict[str, list[str]] = {}

Act = Callable[["Life"], object]


class Life:
    """One address and everything that can be done to it or with it."""

    def __init__(self) -> None:
        self.world = service_world()
        self.told: list[str] = []
        self.failed: CampaignId | None = None
        self.counted = 0

    # What is so.

    @property
    def suppressed(self) -> bool:
        return bool(self.world.suppressions.find(ADDRESS))

    @property
    def allowed(self) -> bool:
        """Whether a campaign may go to whoever has the address."""
        sid = self.world.rows.lookups.get(self.world.ledger.mac(ADDRESS))
        state = self.world.store.states([sid]).get(sid) if sid else None
        return isinstance(decide(state, SCOPE, ListId("newsletter"), NEWS), Allowed)

    def does(self, act: Act) -> list[Message]:
        """Let something happen, and return the mails to the address that came of it."""
        before = len(self.world.mails)
        with suppress(KvittoError):
            act(self)
        self.world.settle()
        self.world.time.advance(MINUTE_MS)
        return [m.message for m in self.world.mails[before:] if m.message.to == ADDRESS]

    # What happens.

    def sign_up(self) -> None:
        self.world.sign_up(ADDRESS)

    def confirm(self) -> None:
        with suppress(AssertionError):  # No mail with a link was ever sent.
            self.world.confirmation.confirm(self.world.confirm_token(ADDRESS), READER)

    def event(self, document: dict[str, object]) -> None:
        self.told.append(json.dumps(document))
        self.world.feedback.record(self.told[-1])

    def hear_again(self, which: int) -> None:
        """An event comes once more, however late."""
        if self.told:
            self.world.feedback.record(self.told[which % len(self.told)])

    @property
    def now(self) -> str:
        return timestamp(self.world.time.now_ms())

    def attest(self) -> None:
        person = Person(email=ADDRESS, entered_by="shop")
        shown = Shown(form=DEMO_FORM.id, notice="", boxes={"newsletter": True})
        self.world.enrolment.attest(person, shown, self.world.time.now_ms() - 1, VISITOR)

    def buy(self) -> None:
        at_ms = self.world.time.now_ms() - DAY_MS
        sale = Sale(
            reference="order 1",
            product="books",
            at_ms=at_ms,
            objection_how="box at the check-out",
            objection_at_ms=at_ms,
        )
        person = Person(email=ADDRESS, entered_by="shop")
        self.world.enrolment.buyer(person, DEMO_BRAND.id, ListId("newsletter"), NEWS, sale)

    def wait(self, days: int) -> None:
        self.world.time.advance(days * DAY_MS)

    def miss(self) -> None:
        """A campaign that SES refuses to send to the address."""
        self.world.mailbox.answer = lambda m: REFUSED if m.to == ADDRESS else None
        campaign = self.world.campaign(f"Missed {self._number()}")
        self.world.settle()
        self.world.mailbox.answer = accept
        self.failed = campaign

    # Who sends.

    def campaign(self) -> None:
        self.world.campaign(f"News {self._number()}")

    def retry(self) -> None:
        if self.failed is not None:
            self.world.campaign_retries.retry(self.failed, unsent=True)

    def test(self) -> None:
        made = self.world.campaigns.create(
            name=f"Test {self._number()}",
            list_id=ListId("newsletter"),
            purpose=NEWS,
            content=Content(subject="Hello", html="<p>Hello</p>"),
        ).campaign
        self.world.campaign_tests.send(made.id, ADDRESS)

    def message(self) -> None:
        asked = Asked(
            template="order", data=ORDER_DATA, email=ADDRESS, once=f"key#{self._number()}"
        )
        self.world.service_messages.accept(asked)

    def ask_for_own_data(self) -> None:
        brand = self.world.brands.get(DEMO_BRAND.id)
        self.world.access_requests.by_address(brand, ADDRESS, VISITOR.network, "en")

    def _number(self) -> int:
        self.counted += 1
        return self.counted


SILENT: dict[str, Act] = {
    "attest": Life.attest,
    "buy": Life.buy,
    "miss": Life.miss,
    **{f"wait {days}": lambda life, days=days: life.wait(days) for days in (1, 31, 91)},
    **{f"hear again {n}": lambda life, n=n: life.hear_again(n) for n in range(3)},
    **{
        reason: lambda life, reason=reason: life.world.suppressions.add(ADDRESS, reason)
        for reason in ("manual", "bounce", "complaint", "unsubscribed")
    },
    "a final refusal": lambda on: on.event(docs.bounce(at=on.now, tags=UNTAGGED)),
    "a refusal SES remembers": lambda on: on.event(
        docs.bounce(subtype="OnAccountSuppressionList", at=on.now, tags=UNTAGGED)
    ),
    "a complaint": lambda on: on.event(docs.complaint(at=on.now, tags=UNTAGGED)),
    "a delivery": lambda on: on.event(docs.delivery(at=on.now, tags=UNTAGGED)),
    "a passing failure": lambda on: on.event(
        docs.bounce(kind="Transient", status="4.0.0", at=on.now, tags=UNTAGGED)
    ),
    "praise": lambda on: on.event(docs.complaint(feedback="not-spam", at=on.now, tags=UNTAGGED)),
}
"""What mails nobody, whatever the address is."""
SENDERS: dict[str, Act] = {
    "campaign": Life.campaign,
    "retry": Life.retry,
    "test": Life.test,
    "message": Life.message,
}
"""Who must not reach a suppressed address."""
OWN: dict[str, Act] = {"sign up": Life.sign_up, "ask for own data": Life.ask_for_own_data}
"""The person's own acts, which are answered by their own rules."""
CONFIRM = "confirm"
ACTS: dict[str, Act] = {**SILENT, **SENDERS, **OWN, CONFIRM: Life.confirm}
BEGINNINGS = ((), ("sign up",), ("sign up", CONFIRM), ("sign up", CONFIRM, "miss"))
SUPPRESSING = ("manual", "bounce", "complaint", "a final refusal", "a complaint")


def live(life: Life, name: str) -> None:
    """Do one thing, and require what must be so whatever went before."""
    suppressed = life.suppressed
    mails = life.does(ACTS[name])
    assert not (life.allowed and life.suppressed), name
    if not suppressed:
        return
    assert name in OWN or mails == [], name
    assert not [mail for mail in mails if CAMPAIGN_TAG in dict(mail.tags)], name
    assert name == CONFIRM or life.suppressed, name


@pytest.mark.slow
@given(
    st.sampled_from(BEGINNINGS),
    st.lists(st.sampled_from(sorted(ACTS)), max_size=8),
    st.sampled_from(SUPPRESSING),
    st.lists(st.sampled_from(sorted({**SILENT, **OWN})), max_size=5),
)
@settings(max_examples=100, deadline=None)
def test_a_suppressed_address_gets_no_mail_and_only_a_confirmation_brings_it_back(
    beginning, history, suppressing, after
):
    life = Life()
    for name in (*beginning, *history, suppressing):
        live(life, name)
    if not life.suppressed:
        return  # Who confirmed after what SES tells of is suppressed by none of it.
    for name in (*after, *SENDERS):
        live(life, name)
    assert life.suppressed


@pytest.mark.parametrize("suppressing", ["bounce", "complaint", "a final refusal", "a complaint"])
def test_a_new_confirmation_brings_the_address_back(suppressing):
    life = Life()
    for name in ("sign up", CONFIRM, suppressing):
        live(life, name)
    assert life.suppressed
    life.wait(31)
    for name in ("sign up", CONFIRM):
        live(life, name)
    assert not life.suppressed
    assert [mail.subject for mail in life.does(Life.campaign)] == ["Hello"]


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_every_sender_here_does_send_to_who_is_not_suppressed(sender):
    """Else the property above would hold of senders that send nothing."""
    life = Life()
    for name in ("sign up", CONFIRM, *(["miss"] if sender == "retry" else [])):
        live(life, name)
    sends = Life.test if sender == "test" else SENDERS[sender]
    assert len(life.does(sends)) == 1

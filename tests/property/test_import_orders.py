# SPDX-License-Identifier: Apache-2.0
"""Files in any order, among what people do themselves: an end wins, and nobody is brought back."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import EMAIL, SuppressionReason, Via
from chalicelib.domain.import_rows import FileStatus, ImportRow
from chalicelib.domain.imports import OptOuts
from chalicelib.domain.state import Scope
from chalicelib.domain.suppressions import outweighs
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.import_site import DEMO, LIST, OPTED_IN, ImportSite, row
from tests.support.people import NEWS

PEOPLE = tuple(f"{name}@example.org" for name in ("anna", "bo", "cy"))
SCOPE = Scope(DEMO, EMAIL)

ROWS = {
    "give": row,
    "weak": lambda who: row(who, country="DE", confirm_ip=""),
    "unconfirmed": lambda who: row(who, FileStatus.UNCONFIRMED),
    "out": lambda who: row(who, FileStatus.OPTED_OUT),
    "out before": lambda who: row(who, FileStatus.OPTED_OUT, ended_ms=OPTED_IN),
    "bounced": lambda who: row(who, FileStatus.BOUNCED),
    "complained": lambda who: row(who, FileStatus.COMPLAINED),
}
ENDS = {"out", "bounced", "complained"}
ACTS = ("confirm", "withdraw", "object", "suppress", "erase")

a_row = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(tuple(ROWS)))
a_file = st.lists(a_row, min_size=1, max_size=6)
an_act = st.tuples(st.sampled_from(ACTS), st.sampled_from(PEOPLE))


def rows_of(said: list[tuple[str, str]]) -> list[ImportRow]:
    return [ROWS[kind](who) for who, kind in said]


def is_mailed(site, who):
    state = site.state(who)
    return state is not None and isinstance(decide(state, SCOPE, LIST, NEWS), Allowed)


def stands(site, who):
    """What there is for and against mail to somebody, whatever came first."""
    state = site.state(who)
    if state is None:
        return None
    return (
        is_mailed(site, who),
        set(state.stops),
        {key for key in state.list_stops if Scope(*key[:2]) not in state.stops},
        set(state.objections),
        {(x.reach, x.reason) for x in state.suppressions},
        {(x.reach, x.reason) for x in site.people.suppressions.find(who)},
    )


@settings(max_examples=60)
@given(st.data(), st.lists(a_file, min_size=1, max_size=4), st.sampled_from(OptOuts))
def test_the_order_of_files_and_of_their_rows_decides_nothing(data, files, opt_outs):
    site, other = ImportSite(), ImportSite()
    for said in files:
        site.take(*rows_of(said), opt_outs=opt_outs)
    for said in data.draw(st.permutations(files)):
        shuffled = data.draw(st.permutations(said))
        size = data.draw(st.integers(1, 6))
        other.take(*rows_of(shuffled), opt_outs=opt_outs, lane="17", chunk_rows=size)
    assert [stands(site, who) for who in PEOPLE] == [stands(other, who) for who in PEOPLE]
    ended = {who for said in files for who, kind in said if kind in {*ENDS, "out before"}}
    assert not any(is_mailed(site, who) for who in ended)
    given_only = {who for said in files for who, kind in said if kind == "give"} - ended
    assert all(is_mailed(site, who) for who in given_only)
    site.require_whole()
    other.require_whole()


@dataclass(slots=True)
class Expected:
    """What must be so of one person, told in a few words."""

    given: bool = False
    is_own: bool = False
    said_no: bool = False
    suppressed: bool = False

    @property
    def is_mailed(self):
        return self.given and not self.said_no and not self.suppressed

    def act(self, name):
        if name == "confirm":
            self.given, self.is_own, self.said_no = True, True, False
        elif name == "suppress":
            self.suppressed = True
        else:
            self.given, self.is_own, self.said_no = False, False, True

    def take(self, kinds):
        ends = bool(kinds & ENDS)
        if "out before" in kinds and not (self.is_mailed and self.is_own):
            ends = True
        if ends:
            self.act("withdraw")
        elif "give" in kinds and not (self.said_no or self.suppressed):
            self.given = True


def act(site, name, who):
    """Do something as the person or an operator does; False when there is nobody to do it."""
    people, sid = site.people, site.sid(who)
    people.clock.advance(1_000)
    if name == "confirm":
        confirm(site, who)
    elif name == "suppress":
        people.suppressions.add(who, "manual")
    elif sid is None:
        return False
    elif name == "withdraw":
        people.act(sid, Draft(type=EventType.CONSENT_WITHDRAWN, brand=DEMO, via=Via.PAGE))
    elif name == "object":
        people.act(sid, Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via=Via.PAGE))
    else:
        people.erase(sid)
        reasons = [x.reason for x in people.suppressions.find(who)]
        if outweighs(SuppressionReason.ERASED, reasons):
            people.ledger.suppress_stranger(people.mac(who), SuppressionReason.ERASED)
    return True


def confirm(site, who):
    """As a confirmed sign-up does: what the address is suppressed for comes first."""
    ledger, mac = site.people.ledger, site.people.mac(who)
    sid = site.sid(who)
    chain = ledger.start(mac) if sid is None else ledger.open(sid)
    draft = Draft(
        type=EventType.CONSENT_CONFIRMED,
        brand=DEMO,
        lists=(LIST,),
        purposes=(NEWS,),
        notice="11" * 32,
        via=Via.PAGE,
    )
    profile = {"attributes": {}, "email": who, "language": "en"} if chain.is_new else None
    # The mail with the link comes before the confirmation, and takes over what stands there.
    if unheard := site.people.suppressor.unheard(chain):
        chain = ledger.append(chain, list(unheard), profile=profile)
        profile = None
    ledger.append(chain, [draft], profile=profile)


a_step = st.one_of(an_act, st.tuples(st.just("file"), a_file, st.none() | an_act))


@settings(max_examples=100)
@given(st.lists(a_step, min_size=1, max_size=8))
def test_among_what_people_do_an_end_wins_and_nobody_is_brought_back(steps):
    site, expected = ImportSite(), {who: Expected() for who in PEOPLE}

    def do(name, who):
        if act(site, name, who):
            expected[who].act(name)

    for step in steps:
        if step[0] != "file":
            do(*step)
        else:
            _, said, between = step
            of = site.laid(rows_of(said))
            site.check(of)
            if between is not None:  # Somebody acts after the preview, and before the run.
                do(*between)
            site.answer_for(of)
            site.run(of)
            for who in PEOPLE:
                expected[who].take({kind for name, kind in said if name == who})
        found = {who: is_mailed(site, who) for who in PEOPLE}
        assert found == {who: each.is_mailed for who, each in expected.items()}, step


@settings(max_examples=30)
@given(a_file, st.sampled_from(PEOPLE))
def test_an_erased_person_who_asked_for_no_mail_leaves_no_trace_of_a_file(said, who):
    site = ImportSite()
    act(site, "confirm", who)
    act(site, "erase", who)
    for _ in range(2):
        site.take(*rows_of(said))
    assert site.sid(who) is None
    assert [x.reason for x in site.people.suppressions.find(who)] == ["erased"]

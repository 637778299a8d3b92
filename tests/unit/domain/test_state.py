# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import (
    LISTS_VERSION,
    STATE_VERSION,
    Consent,
    ConsentKey,
    ConsentStatus,
    Grade,
    Scope,
    SubjectState,
    Suppression,
    dump_state,
    load_state,
    memberships,
)
from chalicelib.errors import FatalError

names = st.sampled_from(["a", "b-c", "0"])
scopes = st.builds(Scope, names, st.just(EMAIL))
keys = st.builds(ConsentKey, names, st.just(EMAIL), names, names)
numbers = st.integers(0, 2**53)
consents = st.builds(
    Consent,
    status=st.sampled_from(ConsentStatus),
    since_ms=numbers,
    entry=numbers,
    notice=st.none() | st.just("00" * 32),
    grade=st.none() | st.sampled_from(Grade),
    stopped=st.none() | numbers,
)
by_scope = st.dictionaries(scopes, numbers, max_size=3)
states = st.builds(
    SubjectState,
    entries=numbers,
    last_ms=numbers,
    consents=st.dictionaries(keys, consents, max_size=4),
    soft_opt_ins=by_scope,
    stops=by_scope,
    objections=by_scope,
    suppressions=st.lists(
        st.builds(
            Suppression,
            brand=st.none() | names,
            reason=st.sampled_from(["bounce", "manual"]),
            entry=numbers,
            channel=st.sampled_from([EMAIL, "phone"]),
            list=st.none() | names,
        ),
        max_size=3,
        unique_by=lambda x: x.entry,
    ).map(lambda found: tuple(sorted(found, key=lambda x: x.entry))),
    last_request=st.none() | numbers,
    last_mail=st.none() | numbers,
    mails_ms=st.lists(numbers, max_size=3).map(tuple),
    restricted=st.booleans(),
    erased=st.booleans(),
)


@given(states)
def test_a_stored_state_comes_back_and_is_stored_the_same_again(state):
    text = dump_state(state)
    assert load_state(text) == state
    assert dump_state(load_state(text)) == text


YESTERDAY = (
    '{"v":1,"n":4,"ms":1795435200000,'
    '"c":[["demo","email","weekly","newsletter",'
    '{"status":"given","since_ms":1795435200000,"entry":3,"notice":"n1","grade":"B","stopped":1}]],'
    '"o":[["demo","email",2]],"s":[["demo","email",2]],"b":[["other","email",0]],'
    '"x":[[null,"bounce",1],["demo","manual",2]],"rq":0,"ml":1,"mt":[1795435100000],'
    '"r":false,"e":false}'
)


def test_yesterdays_row_is_read_by_todays_code():
    demo = Scope(BrandId("demo"), EMAIL)
    key = ConsentKey(*demo, ListId("weekly"), PurposeId("newsletter"))
    assert load_state(YESTERDAY) == SubjectState(
        entries=4,
        last_ms=1_795_435_200_000,
        consents={
            key: Consent(
                status=ConsentStatus.GIVEN,
                since_ms=1_795_435_200_000,
                entry=3,
                notice="n1",
                grade=Grade.B,
                stopped=1,
            )
        },
        objections={demo: 2},
        stops={demo: 2},
        soft_opt_ins={Scope(BrandId("other"), EMAIL): 0},
        suppressions=(
            Suppression(brand=None, reason="bounce", entry=1),
            Suppression(brand=BrandId("demo"), reason="manual", entry=2),
        ),
        last_request=0,
        last_mail=1,
        mails_ms=(1_795_435_100_000,),
    )


def test_only_a_suppression_of_a_list_takes_the_next_schema_version():
    """Code that knows no lists would mail: it must stop at such a row instead."""
    plain = Suppression(brand=BrandId("demo"), reason="manual", entry=0)
    narrow = plain._replace(entry=1, list=ListId("weekly"))
    wide = json.loads(dump_state(SubjectState(suppressions=(plain,))))
    assert (wide["v"], wide["x"]) == (STATE_VERSION, [["demo", "manual", 0]])
    assert "xs" not in wide
    both = json.loads(dump_state(SubjectState(suppressions=(plain, narrow))))
    assert (both["v"], both["x"]) == (LISTS_VERSION, [["demo", "manual", 0]])
    assert both["xs"] == [["demo", "email", "weekly", "manual", 1]]


@pytest.mark.parametrize("version", [0, LISTS_VERSION + 1, "1", None])
def test_a_row_of_another_version_is_not_guessed_at(version):
    with pytest.raises(FatalError):
        load_state(json.dumps({**json.loads(YESTERDAY), "v": version}))


def given_state(**statuses: ConsentStatus) -> SubjectState:
    return SubjectState(
        consents={
            ConsentKey(BrandId("demo"), EMAIL, ListId("weekly"), PurposeId(purpose)): Consent(
                status=status, since_ms=1, entry=n
            )
            for n, (purpose, status) in enumerate(statuses.items())
        }
    )


@pytest.mark.parametrize(
    ("statuses", "shown"),
    [
        ({}, ()),
        ({"measurement": ConsentStatus.GIVEN}, ()),
        ({"measurement": ConsentStatus.GIVEN, "profiling": ConsentStatus.GIVEN}, ()),
        (
            {"newsletter": ConsentStatus.WITHDRAWN, "profiling": ConsentStatus.GIVEN},
            (("weekly", "withdrawn"),),
        ),
        ({"newsletter": ConsentStatus.GIVEN}, (("weekly", "given"),)),
        (
            {"newsletter": ConsentStatus.WITHDRAWN, "offers": ConsentStatus.GIVEN},
            (("weekly", "given"),),
        ),
        (
            {"newsletter": ConsentStatus.REQUESTED, "offers": ConsentStatus.WITHDRAWN},
            (("weekly", "requested"),),
        ),
        (
            {"newsletter": ConsentStatus.WITHDRAWN, "offers": ConsentStatus.EXPIRED},
            (("weekly", "expired"),),
        ),
    ],
)
def test_a_membership_shows_what_lets_most_through(statuses, shown):
    assert memberships(given_state(**statuses)) == shown

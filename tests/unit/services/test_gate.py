# SPDX-License-Identifier: Apache-2.0
"""The abuse gate: nobody real is lost, nothing forged or used twice counts, no address is read."""

from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.domain.forms import Rule
from chalicelib.domain.parameters import ShownAs
from chalicelib.domain.signup import Problem, SubmissionError, read_submission
from chalicelib.errors import ExtraStep, OverBudget
from chalicelib.services.entries import open_claims
from chalicelib.services.gate import CHALLENGE_LASTS_MS
from chalicelib.services.gate_tokens import STEP_LASTS_MS
from tests.support.faults import Moment, no_faults
from tests.support.gate_cases import encoded, solve, with_guard, with_limits, worked
from tests.support.world import TICKED, VISITOR, World

ADDRESS = "visitor@example.org"
FILLED = {**TICKED, "email": ADDRESS}
TIGHT = {"plain": 0, "form": 0}
OTHERS = replace(VISITOR, network="198.51.100.9")


@pytest.fixture
def world():
    return World()


def submit(world, session=VISITOR, **values):
    return world.signup.submit("demo", {**FILLED, **values}, session, "en")


def asked(world, session=VISITOR, **values):
    """The step a submission is asked for; nothing was stored."""
    before = (dict(world.rows.entries), list(world.outside_rows.messages))
    with pytest.raises(ExtraStep) as raised:
        submit(world, session, **values)
    assert (world.rows.entries, world.outside_rows.messages) == before
    return raised.value


def stored(world):
    return len(world.rows.entries)


def test_a_plain_post_without_script_or_cookie_is_taken_at_once(world):
    submit(world)
    assert stored(world) == 1


def test_an_autofill_submitted_within_a_second_is_taken_at_once(world):
    shown = world.gate.shown("demo")
    world.time.advance(900)
    submit(world, shown=shown)
    assert stored(world) == 1


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"leave_empty": "https://example.com/"}, "honeypot"),
        ({"email": "visitor@mailinator.com"}, "disposable"),
        ({"email": "visitor@mail.mailinator.com"}, "disposable"),
    ],
)
def test_what_looks_wrong_is_one_step_and_then_a_sign_up(world, values, cause):
    step = asked(world, **values)
    assert step.cause == cause
    submit(world, **values, step=step.token)
    assert stored(world) == 1


@pytest.mark.parametrize(("tight", "cause"), [("plain", "plain-budget"), ("form", "form-budget")])
def test_a_used_up_tight_budget_is_one_step_and_then_a_sign_up(world, tight, cause):
    with_limits(world, **{tight: 2})
    for _ in range(2):
        submit(world)
    step = asked(world)
    assert step.cause == cause
    submit(world, step=step.token)
    assert stored(world) == 3


def test_a_network_that_used_up_its_own_tight_budget_does_not_use_up_the_forms(world):
    with_limits(world, plain=1, form=3)
    submit(world)
    for _ in range(5):
        asked(world)
    submit(world, OTHERS)
    assert stored(world) == 2


def test_a_proof_of_work_and_the_time_it_takes_draw_on_no_tight_budget(world):
    with_limits(world, **TIGHT)
    submit(world, **worked(world))
    assert stored(world) == 1


def test_a_proof_sent_too_fast_is_weak_and_so_is_time_without_a_proof(world):
    with_limits(world, **TIGHT)
    challenge = world.gate.challenge("demo")
    world.time.advance(1_999)
    asked(world, altcha=encoded(solve(challenge)), shown=challenge["shown"])
    world.time.advance(1)
    asked(world, shown=challenge["shown"])
    proven = worked(world)
    asked(world, altcha=proven["altcha"])


def test_a_proof_counts_once(world):
    proven = worked(world)
    submit(world, **proven)
    with_limits(world, **TIGHT)
    asked(world, **proven)


def test_a_proof_spelled_otherwise_counts_once_too(world):
    challenge = world.gate.challenge("demo")
    world.time.advance(3_000)
    answer = solve(challenge)
    shown = str(challenge["shown"])
    submit(world, altcha=encoded(answer), shown=shown)
    with_limits(world, **TIGHT)
    for other in (
        {**answer, "took": 12},
        dict(reversed(answer.items())),
        {**answer, "salt": answer["salt"][:-1]},
    ):
        asked(world, altcha=encoded(other), shown=shown)


def forged(answer):
    number = str(answer["number"])
    later = str(answer["salt"]).replace("expires=1", "expires=9")
    return [
        {**answer, "number": answer["number"] + 1},
        {**answer, "number": number},
        {**answer, "number": True},
        {**answer, "salt": later},
        # Digits of the number moved into the salt, to stretch its last term.
        {**answer, "salt": f"{answer['salt'][:-1]}{number[:1]}", "number": int(number[1:] or 0)},
        {**answer, "salt": f"{answer['salt']}&expires=9999999999&"},
        {**answer, "salt": 5},
        {**answer, "signature": "0" * 64},
        {**answer, "challenge": "0" * 64},
        {**answer, "algorithm": "SHA-1"},
        {name: value for name, value in answer.items() if name != "signature"},
        [],
        None,
    ]


def test_a_forged_proof_counts_as_none(world):
    with_limits(world, **TIGHT)
    challenge = world.gate.challenge("demo")
    world.time.advance(3_000)
    answer = solve(challenge)
    shown = str(challenge["shown"])
    for bad in [*map(encoded, forged(answer)), "not base64!", "[" * 1_000, "A" * 5_000]:
        asked(world, altcha=bad, shown=shown)
    submit(world, altcha=encoded(answer), shown=shown)
    assert stored(world) == 1


def test_a_proof_counts_for_ten_minutes(world):
    with_limits(world, **TIGHT)
    proven = worked(world)
    world.time.advance(CHALLENGE_LASTS_MS + 1_000)
    asked(world, **proven)


def test_a_proof_for_another_form_counts_as_none(world):
    with_limits(world, **TIGHT)
    other = world.gate.challenge("another")
    shown = world.gate.shown("demo")
    world.time.advance(3_000)
    asked(world, altcha=encoded(solve(other)), shown=shown)


def test_a_proof_or_step_made_elsewhere_counts_as_none(world):
    """Under other link keys: another installation, or a guess."""
    elsewhere = World(seed=2)
    elsewhere.link_keys.rotate()
    with_limits(world, **TIGHT)
    with_limits(elsewhere, **TIGHT)
    theirs = elsewhere.gate.challenge("demo")
    shown = world.gate.shown("demo")
    world.time.advance(3_000)
    asked(world, altcha=encoded(solve(theirs)), shown=shown)
    asked(world, step=asked(elsewhere).token)


def test_what_was_made_before_a_rotation_of_the_keys_counts_after_it(world):
    with_limits(world, **TIGHT)
    proven = worked(world)
    step = asked(world).token
    world.link_keys.rotate()
    submit(world, **proven)
    submit(world, step=step)
    assert stored(world) == 2


@pytest.mark.parametrize(
    "shown", ["", "never", "A" * 30, "\N{SNOWMAN}", "A" * 10_000], ids=range(5)
)
def test_a_time_that_is_not_ours_says_nothing(world, shown):
    with_limits(world, **TIGHT)
    proven = worked(world)
    asked(world, altcha=proven["altcha"], shown=shown)


def test_the_time_of_another_form_says_nothing(world):
    with_limits(world, **TIGHT)
    shown = world.gate.shown("another")
    asked(world, altcha=worked(world)["altcha"], shown=shown)


def test_a_step_counts_once(world):
    step = asked(world, leave_empty="x").token
    submit(world, step=step, leave_empty="x")
    again = asked(world, step=step, leave_empty="x").token
    assert again != step
    submit(world, step=again)
    assert stored(world) == 2


def test_a_step_counts_for_an_hour(world):
    step = asked(world, leave_empty="x").token
    world.time.advance(STEP_LASTS_MS)
    submit(world, step=step, leave_empty="x")
    late = asked(world, leave_empty="x").token
    world.time.advance(STEP_LASTS_MS + 1)
    asked(world, step=late, leave_empty="x")


@pytest.mark.parametrize(
    "other",
    [
        {"email": "another@example.org"},
        {"first_name": "Kim"},
        {"measurement": "1"},
        {"session": OTHERS},
    ],
    ids=["address", "field", "box", "network"],
)
def test_a_step_is_for_these_very_values_from_this_network(world, other):
    step = asked(world, leave_empty="x").token
    asked(world, **{"step": step, "leave_empty": "x", **other})


@pytest.mark.parametrize("place", [0, 10, 30, -1])
def test_a_step_with_one_letter_changed_counts_as_none(world, place):
    step = asked(world, leave_empty="x").token
    letters = list(step)
    letters[place] = "A" if letters[place] != "A" else "B"
    asked(world, step="".join(letters), leave_empty="x")


def test_a_step_never_waives_the_networks_own_budget(world):
    with_limits(world, network=1)
    step = asked(world, leave_empty="x").token
    with pytest.raises(OverBudget):
        submit(world, step=step)
    assert stored(world) == 0


@pytest.mark.parametrize(
    ("guard", "address", "problem"),
    [
        ("disposable", "visitor@mailinator.com", Problem.DISPOSABLE_ADDRESS),
        ("role", "info@example.org", Problem.ROLE_ADDRESS),
        ("no_mail", "visitor@shop.nomail.test", Problem.UNDELIVERABLE_ADDRESS),
        ("no_mail", "visitor@missing.test", Problem.UNDELIVERABLE_ADDRESS),
    ],
)
def test_what_a_form_refuses_is_said_beside_the_field_and_no_step_waives_it(
    world, guard, address, problem
):
    with_limits(world, **TIGHT)
    with_guard(world, no_mail=Rule.ALLOW)
    step = asked(world, OTHERS, email=address).token
    with_guard(world, **{guard: Rule.REFUSE})
    for values in ({}, {"step": step}, worked(world)):
        with pytest.raises(SubmissionError) as raised:
            submit(world, OTHERS, email=address, **values)
        assert raised.value.problems == {"email": problem}
    with_guard(world, **{guard: Rule.ALLOW})
    submit(world, email=address, **worked(world))
    assert stored(world) == 1


def test_a_role_mailbox_may_be_asked_for_a_step(world):
    with_guard(world, role=Rule.STEP)
    step = asked(world, email="info@example.org")
    assert step.cause == "role"
    submit(world, email="info@example.org", step=step.token)


def test_a_domain_without_mail_may_be_asked_for_a_step(world):
    with_guard(world, no_mail=Rule.STEP)
    step = asked(world, email="visitor@shop.nomail.test")
    assert step.cause == "no-mail"
    submit(world, email="visitor@shop.nomail.test", step=step.token)


@pytest.mark.parametrize("email", ["visitor@broken.test", "visitor@silent.test", "a@onlya.test"])
@pytest.mark.parametrize("rule", [Rule.STEP, Rule.REFUSE])
def test_nobody_is_lost_to_a_resolver_that_fails(world, rule, email):
    with_guard(world, no_mail=rule)
    submit(world, email=email)
    assert stored(world) == 1


def test_a_refused_address_comes_with_the_one_that_was_probably_meant(world):
    with_guard(world, no_mail=Rule.REFUSE, disposable=Rule.ALLOW)
    world.dns.set("gmial.con", "MX", "0 .")
    with pytest.raises(SubmissionError) as raised:
        submit(world, email="visitor@gmial.con")
    assert raised.value.problems == {"email": Problem.UNDELIVERABLE_ADDRESS}
    assert raised.value.suggestion == "visitor@gmail.com"


@pytest.mark.parametrize(
    ("guard", "email"),
    [
        ({"no_mail": Rule.ALLOW}, "visitor@shop.nomail.test"),
        ({"no_mail": Rule.REFUSE}, "visitor@gmail.com"),
        ({"no_mail": Rule.REFUSE, "role": Rule.REFUSE}, "info@shop.nomail.test"),
        ({"no_mail": Rule.REFUSE, "disposable": Rule.REFUSE}, "visitor@mailinator.com"),
    ],
)
def test_dns_is_not_asked_where_its_answer_would_change_nothing(world, guard, email):
    with_guard(world, **guard)
    with suppress(SubmissionError):
        submit(world, email=email)
    assert world.dns.asked == []
    assert world.outside_rows.mail_domains == {}


def test_a_used_up_budget_of_the_network_asks_no_dns(world):
    with_guard(world, no_mail=Rule.REFUSE)
    with_limits(world, network=0)
    with pytest.raises(OverBudget):
        submit(world, email="visitor@shop.nomail.test")
    assert world.dns.asked == []


def test_the_list_of_disposable_domains_is_not_read_when_a_form_allows_them(world):
    with_guard(world, disposable=Rule.ALLOW)
    submit(world, email="visitor@mailinator.com")
    assert "_listed" not in world.disposable_domains.__dict__


def test_a_form_without_a_least_time_calls_nothing_fast(world):
    with_guard(world, min_fill_s=0)
    with_limits(world, **TIGHT)
    challenge = world.gate.challenge("demo")
    submit(world, altcha=encoded(solve(challenge)), shown=challenge["shown"])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"leave_empty": "x"},
        {"altcha": "bad", "shown": "bad", "step": "bad"},
        {"email": "visitor@mailinator.com"},
    ],
)
def test_nothing_that_depends_on_the_address_is_called_before_the_verdict(world, values):
    with_limits(world, **TIGHT)
    world.subscribe("warm-up@example.org", **worked(world))
    calls = []
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.BEFORE else None
    with pytest.raises(ExtraStep):
        submit(world, **values)
    before = {"Activity", "Forms", "Brands", "LinkKeys", "MailDomainRows"}
    assert {call.partition(".")[0] for call in calls} <= before


@pytest.mark.parametrize("email", ["visitor@shop.nomail.test", "visitor@missing.test"])
def test_nothing_that_depends_on_the_address_is_called_before_a_domain_is_refused(world, email):
    with_guard(world, no_mail=Rule.REFUSE)
    calls = []
    world.faults = lambda call, moment: calls.append(call) if moment is Moment.BEFORE else None
    with pytest.raises(SubmissionError):
        submit(world, email=email)
    before = {"Activity", "Forms", "Brands", "LinkKeys", "MailDomainRows"}
    assert {call.partition(".")[0] for call in calls} <= before


def test_a_remembered_domain_causes_the_same_calls(world):
    """Promise 9: nobody learns that somebody else of a domain was here."""
    with_guard(world, no_mail=Rule.REFUSE)
    took_ms = 40
    real = world.dns.ask

    def ask(*question):
        world.time.advance(took_ms)
        return real(*question)

    world.dns.ask = ask
    seen = []
    for email in ("first@own.example", "second@own.example", "third@own.example"):
        calls, began_ms = [], world.time.now_ms()
        world.faults = lambda call, moment, calls=calls: calls.append((call, moment))
        submit(world, email=email)
        world.faults = no_faults
        seen.append((calls, world.time.now_ms() - began_ms))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][1] == took_ms
    assert world.dns.asked == [("own.example", "MX")]


@pytest.mark.parametrize("kind", ["plain", "worked", "stepped"])
def test_known_unknown_and_suppressed_addresses_cause_the_same_calls(world, kind):
    """Promise 9, through every way past the gate."""
    world.subscribe("known@example.org")
    world.suppressions.add("refuse@example.org", "manual")
    seen = []
    for email in ("unknow@example.org", "known@example.org", "refuse@example.org"):
        values = {"email": email}
        if kind == "worked":
            values |= worked(world)
        if kind == "stepped":
            values |= {"leave_empty": "x"}
            values |= {"step": asked(world, **values).token}
        calls = []
        world.faults = lambda call, moment, calls=calls: calls.append((call, moment))
        accepted = submit(world, **values)
        world.faults = no_faults
        seen.append((calls, accepted.suggestion, accepted.brand, accepted.form))
    assert seen[0] == seen[1] == seen[2]


def test_counters_and_claims_hold_no_network_address_or_value(world):
    step = asked(world, leave_empty="Canaryvalue").token
    submit(world, step=step, first_name="")
    submit(world, **worked(world))
    with_guard(world, no_mail=Rule.STEP)
    submit(world, email="visitor@canary.example")
    rows = world.outside_rows
    assert rows.mail_domains
    kept = repr((rows.counters, rows.claims, rows.mail_domains))
    for secret in (ADDRESS, VISITOR.network, "Canaryvalue", "canary.example", step):
        assert secret not in kept


def test_a_request_that_was_judged_elsewhere_draws_on_no_budget(world):
    form, brand = world.signup.form("demo")
    submission = read_submission(form, FILLED)
    accepted = world.signup.request(form, brand, submission, VISITOR, "sv", shown_as=ShownAs.API)
    assert (accepted.typed, accepted.language) == (ADDRESS, "sv")
    assert accepted.notice == form.notice("sv").sha256
    assert not world.outside_rows.counters
    world.settle()
    assert [mail.message.to for mail in world.mails] == [ADDRESS]


@pytest.mark.parametrize(
    ("values", "shown_as", "tag"),
    [
        ({}, "unknown", None),
        ({"shown_as": "page", "tag": "spring"}, "page", "spring"),
        ({"shown_as": "api", "tag": "x" * 65}, "unknown", None),
    ],
)
def test_the_sealed_choice_says_how_the_request_was_made(world, values, shown_as, tag):
    submit(world, **values)
    (sid,) = world.rows.states
    (entry,) = world.store.history(sid)
    choice = open_claims(world.ledger.open(sid).keys, entry).choice
    assert choice["shown_as"] == shown_as
    assert choice.get("tag") == tag


def test_the_longest_tag_and_answers_still_fit_what_is_sealed(world):
    submit(world, tag="\U0001f600" * 64, first_name="\U0001f600" * 60, shown_as="snippet")
    assert stored(world) == 1

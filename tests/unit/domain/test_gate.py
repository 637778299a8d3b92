# SPDX-License-Identifier: Apache-2.0
"""The abuse gate decides by one table, which docs/spec/abuse.md shows."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.forms import Rule
from chalicelib.domain.gate import (
    ACCEPT,
    OVER_BUDGET,
    Budgets,
    Cause,
    Outcome,
    Proof,
    Signs,
    Verdict,
    decide,
    draws,
    is_role,
)
from chalicelib.domain.signup import Problem

SPEC = Path(__file__).resolve().parents[3] / "docs" / "spec" / "abuse.md"
STRONG = {"proof": Proof.VALID, "fast": False}
NONE_LEFT = Budgets(plain=True, form=True)
EVERY = [
    Signs(
        proof=proof,
        honeypot=honeypot,
        fast=fast,
        disposable=disposable,
        role=role,
        no_mail=no_mail,
        step=step,
    )
    for proof, honeypot, fast, disposable, role, no_mail, step in product(
        Proof, (False, True), (None, False, True), Rule, Rule, Rule, (False, True)
    )
]
EVERY_BUDGETS = [
    Budgets(network=a, plain=b, form=c) for a, b, c in product((False, True), repeat=3)
]


def step(cause):
    return Verdict(outcome=Outcome.STEP, cause=cause)


def refused(problem):
    return Verdict(outcome=Outcome.REFUSED, problem=problem)


TABLE = [
    # name in the document, signs, budgets, verdict
    ("network budget", Signs(**STRONG), Budgets(network=True), OVER_BUDGET),
    ("network budget", Signs(**STRONG, step=True), Budgets(network=True), OVER_BUDGET),
    (
        "disposable refused",
        Signs(**STRONG, disposable=Rule.REFUSE, step=True),
        Budgets(),
        refused(Problem.DISPOSABLE_ADDRESS),
    ),
    (
        "role refused",
        Signs(**STRONG, role=Rule.REFUSE, step=True),
        Budgets(),
        refused(Problem.ROLE_ADDRESS),
    ),
    (
        "no mail refused",
        Signs(**STRONG, no_mail=Rule.REFUSE, step=True),
        Budgets(),
        refused(Problem.UNDELIVERABLE_ADDRESS),
    ),
    (
        "role refused",
        Signs(**STRONG, role=Rule.REFUSE, no_mail=Rule.REFUSE),
        Budgets(),
        refused(Problem.ROLE_ADDRESS),
    ),
    ("step taken", Signs(honeypot=True, fast=True, step=True), NONE_LEFT, ACCEPT),
    (
        "step taken",
        Signs(disposable=Rule.STEP, role=Rule.STEP, no_mail=Rule.STEP, step=True),
        NONE_LEFT,
        ACCEPT,
    ),
    ("honeypot", Signs(**STRONG, honeypot=True), Budgets(), step(Cause.HONEYPOT)),
    ("disposable", Signs(**STRONG, disposable=Rule.STEP), Budgets(), step(Cause.DISPOSABLE)),
    ("role", Signs(**STRONG, role=Rule.STEP), Budgets(), step(Cause.ROLE)),
    ("no mail", Signs(**STRONG, no_mail=Rule.STEP), Budgets(), step(Cause.NO_MAIL)),
    ("plain budget", Signs(fast=False), Budgets(plain=True), step(Cause.PLAIN_BUDGET)),
    ("plain budget", Signs(fast=True), NONE_LEFT, step(Cause.PLAIN_BUDGET)),
    ("form budget", Signs(), Budgets(form=True), step(Cause.FORM_BUDGET)),
    ("otherwise", Signs(), Budgets(), ACCEPT),
    ("otherwise", Signs(proof=Proof.BAD, fast=True), Budgets(), ACCEPT),
    ("otherwise", Signs(**STRONG), NONE_LEFT, ACCEPT),
]


@pytest.mark.parametrize(("row", "signs", "budgets", "verdict"), TABLE)
def test_the_table(row, signs, budgets, verdict):
    assert decide(signs, budgets) == verdict


def test_the_document_has_exactly_the_rows_of_the_table_in_its_order():
    section = SPEC.read_text(encoding="utf-8").partition("## 1.")[2].partition("## 2.")[0]
    shown = re.findall(r"^\| \d+ \| ([a-z ]+?) \|", section, re.MULTILINE)
    assert shown == list(dict.fromkeys(row for row, *_ in TABLE))


def test_only_a_used_up_network_budget_and_the_forms_own_refusal_ever_end_a_sign_up():
    for signs, budgets in product(EVERY, EVERY_BUDGETS):
        outcome = decide(signs, budgets).outcome
        rules = (signs.disposable, signs.role, signs.no_mail)
        if Rule.REFUSE not in rules and not budgets.network:
            assert outcome in (Outcome.ACCEPT, Outcome.STEP)


def test_whoever_is_asked_for_a_step_is_accepted_when_it_comes_back():
    for signs, budgets in product(EVERY, EVERY_BUDGETS):
        if decide(signs, budgets).outcome is Outcome.STEP:
            again = replace(signs, honeypot=True, proof=Proof.MISSING, step=True)
            assert decide(again, budgets) == ACCEPT


def test_a_missing_bad_or_reused_proof_and_a_fast_fill_alone_are_accepted_at_once():
    for proof, fast in product(Proof, (None, False, True)):
        assert decide(Signs(proof=proof, fast=fast), Budgets()) == ACCEPT


@pytest.mark.parametrize("proof", Proof)
@pytest.mark.parametrize("fast", [None, False, True])
def test_weak_is_whatever_lacks_a_valid_proof_or_the_time_to_fill_a_form(proof, fast):
    assert Signs(proof=proof, fast=fast).is_weak == (proof is not Proof.VALID or fast is not False)


def test_only_a_weak_sign_up_that_nothing_else_stops_draws_on_the_tight_budgets():
    for signs in EVERY:
        stopped = decide(signs, Budgets()) != ACCEPT
        assert draws(signs) == (signs.is_weak and not signs.step and not stopped)
        if not draws(signs):
            assert decide(signs, NONE_LEFT) == decide(signs, Budgets())


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("info@example.org", True),
        ("INFO@example.org", True),
        ("postmaster+list@example.org", True),
        ("information@example.org", False),
        ("visitor+info@example.org", False),
    ],
)
def test_a_role_mailbox_is_known_by_its_name_before_a_plus(address, role):
    assert is_role(parse_address(address)) is role

# SPDX-License-Identifier: Apache-2.0
"""Altcha's challenges as its own library solves them, and nothing looser than our own terms."""

import pytest
from altcha.v1 import Challenge, solve_challenge

from chalicelib.adapters.disposable import ListedDisposableDomains
from chalicelib.adapters.proof_of_work import MAX_NUMBER, AltchaProofOfWork
from chalicelib.ports.gate import Task
from tests.support.gate_cases import encoded, solve

KEY = bytes(range(32))
NOW_S = 1_767_225_600
TASK = Task(form="demo", salt=b"s" * 12, number=12_345, expires_s=NOW_S + 600)
WORK = AltchaProofOfWork()


def solved(answer, *, key=KEY, form="demo", at_ms=NOW_S * 1_000):
    return WORK.solved(key, form, encoded(answer), at_ms)


def test_the_library_itself_solves_what_we_make_and_the_answer_counts():
    made = WORK.challenge(KEY, TASK)
    names = ("algorithm", "challenge", "maxnumber", "salt", "signature")
    found = solve_challenge(Challenge(*(made[name] for name in names)))
    assert found.number == TASK.number
    answer = {name: made[name] for name in names} | {"number": found.number, "took": 3}
    assert solved(answer) == made["challenge"]


def test_a_challenge_shows_its_form_and_its_end_and_no_number():
    made = WORK.challenge(KEY, TASK)
    assert made["salt"] == f"{(b's' * 12).hex()}?form=demo&expires={NOW_S + 600}&"
    assert made["maxnumber"] == MAX_NUMBER
    assert WORK.challenge(KEY, TASK) == made
    assert str(TASK.number) not in repr(made)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"at_ms": (NOW_S + 600) * 1_000}, True),
        ({"at_ms": (NOW_S + 600) * 1_000 + 1}, False),
        ({"form": "another"}, False),
        ({"key": bytes(32)}, False),
    ],
)
def test_an_answer_counts_for_its_form_key_and_time(change, counts):
    answer = solve(WORK.challenge(KEY, TASK))
    assert (solved(answer, **change) is not None) is counts


@pytest.mark.parametrize(
    ("domain", "listed"),
    [
        ("mailinator.com", True),
        ("a.b.mailinator.com", True),
        ("mailinator.com.example.org", False),
        ("example.org", False),
        ("com", False),
    ],
)
def test_a_disposable_domain_is_one_in_the_list_or_below_one(domain, listed):
    assert (domain in ListedDisposableDomains()) is listed

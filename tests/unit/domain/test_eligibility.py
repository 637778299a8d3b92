# SPDX-License-Identifier: Apache-2.0
from itertools import product

import pytest

from chalicelib.domain.eligibility import Allowed, Basis, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import (
    Consent,
    ConsentKey,
    ConsentStatus,
    Grade,
    Scope,
    SubjectState,
    Suppression,
)

SCOPE = Scope(BrandId("demo"), EMAIL)
OTHER = Scope(BrandId("other"), EMAIL)
WEEKLY = ListId("weekly")
NEWS, MEASURED = PurposeId("newsletter"), PurposeId("measurement")
KEY = ConsentKey(*SCOPE, WEEKLY, NEWS)


def consent(status: ConsentStatus = ConsentStatus.GIVEN, **more) -> Consent:
    return Consent(**{"status": status, "since_ms": 1, "entry": 3, "grade": Grade.B, **more})


def state(**more) -> SubjectState:
    return SubjectState(**{"entries": 9, "consents": {KEY: consent()}, **more})


def ask(subject: SubjectState | None, minimum: Grade = Grade.E) -> Allowed | Skipped:
    return decide(subject, SCOPE, WEEKLY, NEWS, minimum)


def suppressed(brand: BrandId | None) -> tuple[Suppression, ...]:
    return (Suppression(brand=brand, reason="bounce", entry=4),)


SKIPPED = [
    (None, SkipReason.ERASED),
    (state(erased=True), SkipReason.ERASED),
    (state(restricted=True), SkipReason.RESTRICTED),
    (state(suppressions=suppressed(None)), SkipReason.SUPPRESSED),
    (state(suppressions=suppressed(SCOPE.brand)), SkipReason.SUPPRESSED),
    (state(objections={SCOPE: 5}), SkipReason.OBJECTED),
    (SubjectState(), SkipReason.NO_CONSENT),
    (state(consents={ConsentKey(*OTHER, WEEKLY, NEWS): consent()}), SkipReason.NO_CONSENT),
    (state(consents={ConsentKey(*SCOPE, WEEKLY, MEASURED): consent()}), SkipReason.NO_CONSENT),
]


@pytest.mark.parametrize(("subject", "reason"), SKIPPED)
def test_nobody_is_mailed_when(subject, reason):
    assert ask(subject) == Skipped(reason=reason)


@pytest.mark.parametrize("status", ConsentStatus)
def test_only_a_given_consent_allows(status):
    found = ask(state(consents={KEY: consent(status)}))
    assert isinstance(found, Allowed) == (status is ConsentStatus.GIVEN)


def test_the_answer_names_the_entry_and_the_basis():
    assert ask(state()) == Allowed(basis=Basis.CONSENT, entry=3, measured=False)
    bought = SubjectState(entries=9, soft_opt_ins={SCOPE: 6})
    assert ask(bought) == Allowed(basis=Basis.SOFT_OPT_IN, entry=6, measured=False)
    assert ask(state(soft_opt_ins={SCOPE: 6})) == Allowed(
        basis=Basis.CONSENT, entry=3, measured=False
    )


def test_another_brands_objection_or_suppression_is_no_hindrance():
    free = state(objections={OTHER: 5}, suppressions=suppressed(OTHER.brand))
    assert isinstance(ask(free), Allowed)


@pytest.mark.parametrize(
    "hindrance",
    [
        {"erased": True},
        {"restricted": True},
        {"suppressions": suppressed(None)},
        {"objections": {SCOPE: 5}},
    ],
)
def test_a_purchase_gets_past_no_hindrance(hindrance):
    assert isinstance(ask(state(soft_opt_ins={SCOPE: 6}, **hindrance)), Skipped)


@pytest.mark.parametrize(("held", "minimum"), list(product(Grade, Grade)))
def test_weaker_evidence_than_asked_for_is_not_enough(held, minimum):
    found = ask(state(consents={KEY: consent(grade=held)}), minimum)
    order = list(Grade)
    if order.index(held) <= order.index(minimum):
        assert isinstance(found, Allowed)
    else:
        assert found == Skipped(reason=SkipReason.WEAK_EVIDENCE)


def test_evidence_without_a_grade_is_the_weakest():
    assert isinstance(ask(state(consents={KEY: consent(grade=None)})), Allowed)
    assert isinstance(ask(state(consents={KEY: consent(grade=None)}), Grade.D), Skipped)


@pytest.mark.parametrize("status", ConsentStatus)
def test_measuring_needs_a_given_consent_of_its_own(status):
    measurement = ConsentKey(*SCOPE, WEEKLY, MEASURED)
    found = ask(state(consents={KEY: consent(), measurement: consent(status)}))
    assert isinstance(found, Allowed)
    assert found.measured == (status is ConsentStatus.GIVEN)

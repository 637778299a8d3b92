# SPDX-License-Identifier: Apache-2.0
"""Bundles and policies with one thing wrong each, and the verdicts every verifier must give."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from tests.support.archive_cases import (
    archive_cases,
    policy_cases,
    signature_cases,
    witness_cases,
)
from tests.support.content_cases import chain_cases, integrity_cases, json_cases
from tests.support.evidence_cases import (
    campaign_cases,
    delivery_cases,
    erasure_cases,
    mail_cases,
    name_cases,
    privacy_cases,
)
from tests.support.forgery import Case
from tests.support.log_cases import consistency_cases, inclusion_cases, note_cases
from tests.support.person_cases import disclosure_cases, notice_cases
from tests.support.time_cases import time_cases

Family = Callable[[], Iterable[Case]]
FAMILIES: Final[tuple[Family, ...]] = (
    archive_cases,
    signature_cases,
    policy_cases,
    witness_cases,
    note_cases,
    inclusion_cases,
    consistency_cases,
    integrity_cases,
    json_cases,
    chain_cases,
    disclosure_cases,
    notice_cases,
    name_cases,
    mail_cases,
    privacy_cases,
    campaign_cases,
    delivery_cases,
    erasure_cases,
    time_cases,
)


@cache
def cases_of(family: Family) -> tuple[Case, ...]:
    """The cases of a family, made once in a test run."""
    return tuple(family())


def all_cases() -> list[Case]:
    """Every case once; names are unique."""
    return [case for family in FAMILIES for case in cases_of(family)]

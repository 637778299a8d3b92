# SPDX-License-Identifier: Apache-2.0
"""What the person is to be told next: one rule for the API and the console."""

from dataclasses import replace

import pytest

from chalicelib.domain.rights import Right, Status
from chalicelib.domain.telling import Told, to_tell
from tests.unit.domain.test_rights import ASKED

RESTRICTION = replace(ASKED, right=Right.RESTRICTION)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (ASKED, Told.ANSWER),
        (replace(ASKED, status=Status.EXTENDED), Told.EXTENDED),
        (replace(ASKED, status=Status.REFUSED), Told.REFUSED),
        (replace(ASKED, status=Status.ANSWERED), None),
        (RESTRICTION, Told.ANSWER),
        (replace(RESTRICTION, status=Status.ANSWERED), Told.RESTRICTED),
        (replace(ASKED, right=Right.WITHDRAWAL), None),
        (replace(ASKED, status=Status.ANSWERED, closed_by_erasure=True), None),
    ],
)
def test_what_is_to_be_told_follows_from_where_the_request_stands(request_, told):
    assert to_tell(request_) is told


@pytest.mark.parametrize("status", list(Status))
def test_a_lifted_restriction_is_never_told_as_one_that_stands(status):
    assert to_tell(replace(RESTRICTION, status=status, lifted_ms=1)) is Told.LIFTED

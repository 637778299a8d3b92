# SPDX-License-Identifier: Apache-2.0
"""Each refusal of a file says where, what to do, and that nothing was imported."""

import pytest

from chalicelib.domain.import_limits import (
    MAX_PART_BYTES,
    MAX_PARTS,
    ROW_SENTENCES,
    FileError,
    Refusal,
    RowRefusal,
    check_sizes,
)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_code_and_a_sentence(refusal):
    error = FileError(refusal)
    assert error.code == refusal.value
    assert error.detail[0].isupper()
    assert error.detail.endswith((". Nothing was imported.", "? Nothing was imported."))


def test_no_two_refusals_say_the_same():
    assert len({FileError(refusal).detail for refusal in Refusal}) == len(Refusal)


@pytest.mark.parametrize(
    ("member", "line", "begin"),
    [
        (None, None, "The file holds"),
        (None, 7, "Line 7: The file holds"),
        (3, None, "File 3 of the ZIP: The file holds"),
        (3, 7, "File 3 of the ZIP, line 7: The file holds"),
    ],
)
def test_a_refusal_says_where(member, line, begin):
    assert FileError(Refusal.NUL, member=member, line=line).detail.startswith(begin)


def test_every_reason_to_reject_a_row_has_a_sentence():
    assert set(ROW_SENTENCES) == set(RowRefusal)


def test_the_largest_upload_is_allowed_and_no_larger_one():
    check_sizes([MAX_PART_BYTES] * MAX_PARTS)
    for sizes in ([MAX_PART_BYTES] * MAX_PARTS + [1], [MAX_PART_BYTES + 1]):
        with pytest.raises(FileError) as error:
            check_sizes(sizes)
        assert error.value.refusal is Refusal.TOO_LARGE
    for empty in ([], [0, 0]):
        with pytest.raises(FileError) as error:
            check_sizes(empty)
        assert error.value.refusal is Refusal.EMPTY

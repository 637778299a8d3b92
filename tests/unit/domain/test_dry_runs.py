# SPDX-License-Identifier: Apache-2.0
"""The sum of a dry run, and what is kept of a mail that cannot be made."""

import pytest

from chalicelib.domain.dry_runs import MAX_SAMPLES, DryRunPart, Failing, summed
from chalicelib.domain.ids import SHARDS, SubjectId

SID = SubjectId("AAAAAAAAAAAAAAAAAAAAAA")


def part(shard, **changes):
    return DryRunPart(shard=shard, **({"considered": 3, "planned": 2} | changes))


def test_there_is_a_sum_once_every_shard_told_its_part():
    assert summed(part(shard) for shard in SHARDS[:-1]) is None
    whole = summed(part(shard) for shard in SHARDS)
    assert (whole.considered, whole.planned, whole.mailed) == (48, 32, 32)


def test_everybody_planned_is_mailed_or_has_one_reason():
    parts = [part(shard) for shard in SHARDS[2:]]
    parts.append(part("0", unreadable=1, why_not={"no-consent": 1}))
    parts.append(part("1", why_not={"no-consent": 1, "paused": 1}))
    whole = summed(parts)
    assert whole.why_not == {"no-consent": 2, "paused": 1}
    assert whole.mailed == whole.planned - 3
    assert whole.unreadable == 1


def test_a_few_who_fail_are_named_and_no_more():
    found = (Failing(sid=SID, code="bad_template"),) * MAX_SAMPLES
    whole = summed(part(shard, failing=found) for shard in SHARDS)
    assert whole.failing == found


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        ("Line 3 of the HTML: 'dict object' has no attribute 'Anna'.", ("HTML", 3)),
        ("The text: It grows larger than 512 KiB.", ("text", None)),
        ("A subject has 1 to 255 characters on one line.", (None, None)),
        ("Anna. Line 3 of the HTML: no.", (None, None)),
    ],
)
def test_of_a_refusal_the_place_is_kept_and_nothing_that_was_written(detail, kept):
    found = Failing.of(SID, "bad_template", detail)
    assert (found.part, found.line) == kept
    assert "Anna" not in repr(found)

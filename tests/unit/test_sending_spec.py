# SPDX-License-Identifier: Apache-2.0
"""The worked values and the stated figures of docs/spec/sending.md are those of the code."""

import re
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from chalicelib.adapters import ses_bulk
from chalicelib.adapters.dynamo.message_ids import pack_id
from chalicelib.domain import campaign_steps, rate
from chalicelib.domain.campaigns import (
    MAX_RECIPIENTS_PER_CALL,
    Act,
    CampaignStatus,
    ChunkStatus,
    Recipient,
    chunk_range,
    manifest_length,
    next_status,
    pack_manifest,
    read_records,
)
from chalicelib.domain.ids import DeliveryId, SubjectId, encode_id, shard_of
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.domain.rate import Quota, Terms, interval_us, reserve
from chalicelib.errors import IllegalTransition
from chalicelib.services import campaign_tests, courier, folding, unknowns

CHECKOUT = Path(__file__).resolve().parents[2]
PEOPLE = tuple(
    Recipient(
        sid=SubjectId(encode_id(bytes(range(first, first + 16)))),
        delivery=DeliveryId(encode_id(bytes(range(start, start + 12)))),
    )
    for first, start in ((0x00, 0x20), (0x12, 0x30))
)


def produced() -> dict[str, str]:
    free, lines = None, []
    for now in (1_000, 1_005, 9_000):
        start, free = reserve(free, now, 20)
        lines.append(f"{start} {free}")
    quoted = Terms().quoted(Quota(per_second=500.0), 0)
    slowed = quoted.slower(0)
    assert slowed is not None
    paces = [quoted.per_second(0), *(slowed.per_second(ms) for ms in (0, 5_000, 60_000))]
    return {
        "pace": "{}\n{}".format(
            " ".join(str(round(pace, 3)) for pace in paces),
            " ".join(str(interval_us(50, pace)) for pace in paces),
        ),
        "manifest": pack_manifest(PEOPLE).hex(),
        "records": "\n".join(f"{person.sid} {person.delivery}" for person in PEOPLE),
        "range": "{} {}".format(*chunk_range(2, 50)),
        "outcomes": "\n".join(f"{int(code)} {code.name}" for code in OutcomeCode),
        "ids": pack_id("0102018f3c2b1a4d-6d2f8c1e-0b5a-4c3d-9e8f-0a1b2c3d4e5f-000000").hex(),
        "rate": "\n".join([str(interval_us(50, 14.0)), *lines]),
    }


@pytest.fixture(scope="module")
def specification() -> str:
    return (CHECKOUT / "docs" / "spec" / "sending.md").read_text(encoding="utf-8")


def test_worked_values_are_what_the_code_produces(specification: str) -> None:
    blocks = re.findall(
        r"^```text worked=([a-z0-9-]+)\n(.*?)\n```$", specification, re.MULTILINE | re.DOTALL
    )
    assert dict(blocks) == produced()
    assert len(blocks) == len(produced())


def test_the_worked_manifest_reads_back_as_its_two_people() -> None:
    manifest = pack_manifest(PEOPLE)
    assert manifest_length(len(manifest)) == 2
    assert tuple(read_records(manifest[8:])) == PEOPLE
    assert {shard_of(person.sid) for person in PEOPLE} == {"b"}


def test_the_life_of_a_campaign_is_the_table_on_the_page(specification: str) -> None:
    table = specification.partition("| from | act | to |")[2].partition("\n\n")[0]
    told = set()
    for line in table.splitlines()[2:]:
        before, act, after = (cell.strip() for cell in line.strip("|").split("|"))
        told |= {(status, act, after.strip("`")) for status in re.findall(r"`(\w+)`", before)}
    done = set()
    for status, act in product(CampaignStatus, Act):
        with suppress(IllegalTransition):
            done.add((str(status), str(act), str(next_status(status, act))))
    assert told == done


def test_figures_in_the_specification_are_the_codes_own(specification: str) -> None:
    """A figure that changes in the code must change on the page."""
    assert f"{ses_bulk.MAX_CALL_BYTES:,} bytes" in specification
    assert f"more than {campaign_steps.LOST_MS // 1000} s ago" in specification
    assert f"min({MAX_RECIPIENTS_PER_CALL}, quota per second" in specification
    assert courier.MAX_TRIES == 6
    waits = [courier.BACK_OFF_MS << attempt for attempt in range(1, courier.MAX_TRIES)]
    assert waits == [500, 1000, 2000, 4000, 8000]
    assert f"more than {courier.TRY_FOR_MS // 1000} seconds after" in specification
    assert f"{rate.SHARE * 100:.0f} % of the quota" in specification
    assert f"multiplies *f* by {rate.SLOWER_PPM / rate.PPM}, to" in specification
    assert f"to {rate.SLOWEST_PPM / rate.PPM} at least" in specification
    assert f"by\n{rate.RECOVERY_PPM / rate.PPM} a second" in specification
    assert f"held for {rate.HOLD_MS // 60_000} minutes" in specification
    assert f"within {rate.LATE_MS} ms after" in specification
    assert (rate.SLOWER_EVERY_MS, rate.QUOTA_LIFE_MS) == (1_000, 60_000)
    patience = [
        campaign_steps.STALLED_MS << wakes for wakes in range(campaign_steps.MAX_DOUBLINGS + 1)
    ]
    assert patience == [minutes * 60_000 for minutes in (10, 20, 40, 80, 160, 320)]
    assert f"after {folding.BUDGET_MS // 1000} s so do all" in specification
    silence, margin = unknowns.SILENCE_MS // 60_000, unknowns.MARGIN_MS // 60_000
    assert f"{silence} minutes after the dispatch and once the watermark" in specification
    assert f"more than {margin} minutes after it" in specification
    assert f"{unknowns.TERMINAL_MS // 3_600_000} hours after the dispatch" in specification
    assert f"has {campaign_tests.TESTS_PER_DAY} tests\na day" in specification
    assert {f"`{status}`" for status in ChunkStatus} <= set(re.findall(r"`\w+`", specification))

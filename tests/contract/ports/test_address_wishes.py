# SPDX-License-Identifier: Apache-2.0
"""`ports.access.AddressWishes` as promised, by the fake and by DynamoDB's adapter alike."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.ports.access import AccessLink, AddressLink, AddressWish, AddressWishes
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE, LEDGER, VAULT
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_access import MemoryAccessStore, MemoryAddressWishes
from tests.support.memory_erasure import MemoryPersonalData
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_outside import OutsideRows

HASH, OTHER = "ab" * 32, "cd" * 32
ANNA, BERT = SubjectId("DDDDDDDDDDDDDDDDDDDDDA"), SubjectId("EEEEEEEEEEEEEEEEEEEEEA")
WISH = AddressWish(
    id="F" * 21 + "A",
    sid=ANNA,
    brand=BrandId("demo"),
    language="sv",
    entries=4,
    mac="M" * 43,
    sealed=b"sealed",
    expires_ms=START_MS + 1,
)
LINK = AddressLink(sid=ANNA, wish=WISH.id)


@pytest.fixture(params=["memory", "dynamo"])
def ports(request: pytest.FixtureRequest) -> tuple[AddressWishes, Any, Any]:
    """Wishes, access links, and what erases a person."""
    if request.param == "memory":
        rows = OutsideRows()
        data = MemoryPersonalData(MemoryRows(), rows)
        return MemoryAddressWishes(rows), MemoryAccessStore(rows), data
    request.getfixturevalue("tables")
    from chalicelib.adapters.dynamo.access import DynamoAccessStore, DynamoAddressWishes
    from chalicelib.adapters.dynamo.erasure import DynamoPersonalData

    erasing = DynamoPersonalData(
        ledger_table=LEDGER,
        vault_table=VAULT,
        audience_table=AUDIENCE,
        activity_table=ACTIVITY,
        clock=FakeClock(),
        random=SeededRandom(),
    )
    return DynamoAddressWishes(ACTIVITY), DynamoAccessStore(ACTIVITY), erasing


def test_a_person_has_one_wish_the_newest(ports):
    wishes, _, _ = ports
    assert wishes.of(ANNA) is None
    wishes.put(WISH, START_MS)
    assert wishes.of(ANNA) == WISH
    newer = replace(WISH, id="G" * 21 + "A", sealed=b"other", entries=6)
    wishes.put(newer, START_MS)
    assert wishes.of(ANNA) == newer
    assert wishes.of(BERT) is None


def test_a_link_is_found_by_its_hash_and_opens_nothing_else(ports):
    wishes, access, _ = ports
    wishes.put_link(HASH, LINK, START_MS)
    assert wishes.link(HASH) == LINK
    assert wishes.link(OTHER) is None
    assert access.get(HASH) is None
    own = AccessLink(sid=ANNA, brand=BrandId("demo"), language="sv", expires_ms=START_MS)
    access.put(OTHER, own, START_MS)
    assert wishes.link(OTHER) is None


def test_a_sweep_takes_the_wish_and_every_link_and_nobody_else_s(ports):
    wishes, access, data = ports
    wishes.put(WISH, START_MS)
    wishes.put_link(HASH, LINK, START_MS)
    wishes.put_link(OTHER, LINK, START_MS)
    own = AccessLink(sid=ANNA, brand=BrandId("demo"), language="sv", expires_ms=START_MS)
    access.put("0f" * 32, own, START_MS)
    theirs = replace(WISH, sid=BERT)
    wishes.put(theirs, START_MS)
    wishes.put_link("ef" * 32, AddressLink(sid=BERT, wish=WISH.id), START_MS)
    assert data.sweep(ANNA) == 4
    assert wishes.of(ANNA) is wishes.link(HASH) is wishes.link(OTHER) is None
    assert access.get("0f" * 32) is None
    assert wishes.of(BERT) == theirs
    assert wishes.link("ef" * 32)
    assert data.sweep(ANNA) == 0


def test_every_row_says_when_it_may_go(tables):
    from chalicelib.adapters.dynamo.access import DynamoAddressWishes

    wishes = DynamoAddressWishes(ACTIVITY)
    wishes.put(WISH, START_MS + 5_000)
    wishes.put_link(HASH, LINK, START_MS + 5_000)
    rows = clients.client("dynamodb").scan(TableName=ACTIVITY)["Items"]
    assert {row["expires_at"]["N"] for row in rows} == {str((START_MS + 5_000) // 1_000 + 1)}
    assert {row["v"]["N"] for row in rows} == {"1"}
    assert len(rows) == 3

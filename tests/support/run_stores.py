# SPDX-License-Identifier: Apache-2.0
"""The ports of `ports.runs` over one set of rows, in memory or in DynamoDB, and one run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.campaigns import Progress
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.runs import ChunkView, Mark, RunRef, Settled
from chalicelib.errors import Unavailable
from chalicelib.ports.runs import ChunkAccounts, Deliveries, PlanTotals, RunStore
from chalicelib.ports.sending import DeliveryRow
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.faults import Moment
from tests.support.former_port import ChunkStore
from tests.support.memory_runs import (
    MemoryChunkAccounts,
    MemoryDeliveries,
    MemoryPlanTotals,
    MemoryRuns,
    RunRows,
)
from tests.support.memory_sending import MemoryChunks

TABLE = "kvitto-campaigns"
CAMPAIGN = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
RUN = RunRef(campaign=CAMPAIGN, shard="3", first=0, count=4)
CHUNK = RUN.chunks[0]
LEASE_MS = 300_000
YEAR_MS = 365 * 86_400_000
PAIR = bytes((Code.DISPATCHED, Code.DISPATCHED))
NEW_ID = "0102018f3c2b1a4d-6d2f8c1e-0b5a-4c3d-9e8f-{:012x}-000000"
"""An id of SES's present form, to be given a number."""


@dataclass(slots=True, kw_only=True)
class Stores:
    """Every port over the same rows, and the store of version 1 beside them."""

    runs: RunStore
    accounts: ChunkAccounts
    totals: PlanTotals
    deliveries: Deliveries
    former: ChunkStore
    strike: "Strike"

    def view(self, number: int = 0) -> ChunkView:
        return self.runs.view(RUN)[number]

    def mark(self, owner: str, codes: bytes = PAIR, at_ms: int = START_MS, number: int = 0) -> Mark:
        """A mark of the chunk as it is now, not yet written."""
        return Mark(view=self.view(number), owner=owner, codes=codes, at_ms=at_ms)

    def dispatched(self, owner: str, codes: bytes = PAIR, at_ms: int = START_MS) -> Mark:
        mark = self.mark(owner, codes, at_ms)
        self.runs.dispatch(mark, rows_of(mark))
        return mark

    def progress(self) -> Progress:
        return self.accounts.progress(CAMPAIGN)[0].progress


@dataclass(slots=True)
class Strike:
    """Lets one call fail, once, with or without persisting."""

    armed: tuple[str, Moment] | None = None
    of_sdk: dict[str, str] = field(
        default_factory=lambda: {"RunStore.dispatch_rows": "batch_write_item"}
    )

    def arm(self, call: str, moment: Moment) -> None:
        self.armed = (call, moment)

    def __call__(self, call: str, moment: Moment) -> None:
        if self.armed == (call, moment):
            self.armed = None
            raise Unavailable(f"{call}: fault {moment}")

    def over(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Strike the SDK's calls as the fakes' are struck."""
        for name in ("update_item", "batch_write_item"):
            monkeypatch.setattr(client, name, self._struck(name, getattr(client, name)))

    def _struck(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        from botocore.exceptions import ReadTimeoutError

        def call(**request: Any) -> Any:
            armed = self.armed
            if armed is None or self.of_sdk.get(armed[0], "update_item") != name:
                return real(**request)
            self.armed = None
            if armed[1] is Moment.AFTER:
                real(**request)
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")

        return call


def dynamo_stores(monkeypatch: pytest.MonkeyPatch) -> Stores:
    from chalicelib.adapters.dynamo.deliveries import DynamoDeliveries
    from chalicelib.adapters.dynamo.run_accounts import DynamoChunkAccounts, DynamoPlanTotals
    from chalicelib.adapters.dynamo.runs import DynamoRuns
    from tests.support.former_chunks import DynamoChunks

    strike = Strike()
    strike.over(clients.client("dynamodb"), monkeypatch)
    return Stores(
        runs=DynamoRuns(TABLE, FakeClock(), SeededRandom()),
        accounts=DynamoChunkAccounts(TABLE),
        totals=DynamoPlanTotals(TABLE),
        deliveries=DynamoDeliveries(TABLE),
        former=DynamoChunks(TABLE, FakeClock(), SeededRandom()),
        strike=strike,
    )


def memory_stores() -> Stores:
    rows, strike = RunRows(), Strike()
    return Stores(
        runs=MemoryRuns(rows, strike),
        accounts=MemoryChunkAccounts(rows, strike),
        totals=MemoryPlanTotals(rows, strike),
        deliveries=MemoryDeliveries(rows, strike),
        former=MemoryChunks(rows.former),
        strike=strike,
    )


def row(number: int = 0) -> DeliveryRow:
    return DeliveryRow(
        delivery=DeliveryId(f"delivery-{number:07d}"),
        campaign=CAMPAIGN,
        sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
        chunk="3-0",
        basis="consent",
        entry=1,
        measured=number % 2 == 0,
        at_ms=START_MS,
    )


def rows_of(mark: Mark) -> tuple[DeliveryRow, ...]:
    return tuple(row(number) for number in range(mark.people))


def settled(*codes: Code, ids: tuple[str | None, ...] = (), at_ms: int = 0) -> Settled:
    return Settled(codes=bytes(codes), message_ids=ids, at_ms=START_MS + 500 + at_ms)

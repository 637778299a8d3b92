# SPDX-License-Identifier: Apache-2.0
"""One suite per port over two implementations: the fake of tests/support and the AWS adapter.

`aws` is moto in this process, fresh for every test; `tables`, `kms_keys` and others are made in it
with the names and key schema of infra/data.yaml.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.audience import DynamoAudienceStore
from chalicelib.adapters.dynamo.frequency import DynamoFrequencyStore
from chalicelib.adapters.dynamo.ledger import DynamoLedgerStore
from chalicelib.adapters.dynamo.log import DynamoHeadStore, DynamoOutbox
from chalicelib.ports.audience import AudienceStore, FrequencyStore
from chalicelib.ports.ledger import HeadStore, LedgerStore, Outbox
from tests.support.clock import FakeClock, SeededRandom
from tests.support.memory_audience import MemoryAudienceStore, MemoryFrequencyStore
from tests.support.memory_ledger import (
    MemoryHeadStore,
    MemoryLedgerStore,
    MemoryOutbox,
    MemoryRows,
)
from tests.support.run_stores import Stores, dynamo_stores, memory_stores

LEDGER, VAULT, AUDIENCE = "kvitto-ledger", "kvitto-vault", "kvitto-audience"
CAMPAIGNS, ACTIVITY = "kvitto-campaigns", "kvitto-activity"
ORIGIN = "example.org/log"


@cache
def _loader(path: str | None = None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(path)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS account in this process; nothing of the developer's own is visible."""
    from botocore import session
    from moto import mock_aws
    from moto.dynamodb.responses import DynamoHandler

    # DynamoDB isolates transactions; moto lets one thread's rollback undo another's write.
    lock, answer = threading.RLock(), DynamoHandler.call_action

    def one_at_a_time(handler: Any) -> Any:
        with lock:
            return answer(handler)

    monkeypatch.setattr(DynamoHandler, "call_action", one_at_a_time)
    # moto has a new session for every account, which would read the SDK's descriptions anew.
    monkeypatch.setattr(session, "create_loader", _loader)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SESV2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    clients.forget_clients()
    with mock_aws():
        yield
    clients.forget_clients()


@pytest.fixture
def tables(aws: None) -> None:
    """The five tables: string keys pk and sk, on demand."""
    for name in (LEDGER, VAULT, AUDIENCE, CAMPAIGNS, ACTIVITY):
        clients.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )


@pytest.fixture
def kms_keys(aws: None) -> dict[str, str]:
    """Key ids by alias, of every kind moto knows (it has no Ed25519)."""
    kms = clients.client("kms")
    made = {
        "alias/kvitto-vault": kms.create_key(),
        "alias/kvitto-links": kms.create_key(),
        "alias/kvitto-address": kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"),
    }
    for alias, answer in made.items():
        kms.create_alias(AliasName=alias, TargetKeyId=answer["KeyMetadata"]["KeyId"])
    return {alias: answer["KeyMetadata"]["KeyId"] for alias, answer in made.items()}


@dataclass(slots=True, kw_only=True)
class LedgerPorts:
    """The ports that share the ledger, vault and audience tables."""

    ledger: LedgerStore
    outbox: Outbox
    heads: HeadStore
    audience: AudienceStore
    frequency: FrequencyStore
    rows: MemoryRows | None

    def stored_text(self) -> str:
        """Everything stored, as text a test can search."""
        return repr(self.rows) if self.rows is not None else repr(stored_items())

    def drop_vault_row(self, shard: str, sid: Any) -> None:
        """Remove a wrapped key, as an erasure will."""
        if self.rows is not None:
            del self.rows.vault[sid]
        else:
            row = {"pk": {"S": shard}, "sk": {"S": sid}}
            clients.client("dynamodb").delete_item(TableName=VAULT, Key=row)


def stored_items() -> list[dict[str, Any]]:
    """Every row of the ledger, vault and audience tables, with its table, ordered by key."""
    found = []
    for table in (LEDGER, VAULT, AUDIENCE):
        pages = clients.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        found += [{"table": table, "item": item} for page in pages for item in page["Items"]]
    return sorted(found, key=lambda x: (x["table"], x["item"]["pk"]["S"], x["item"]["sk"]["S"]))


def dynamo_ports() -> LedgerPorts:
    clock, random = FakeClock(), SeededRandom()
    return LedgerPorts(
        ledger=DynamoLedgerStore(
            ledger_table=LEDGER,
            vault_table=VAULT,
            audience_table=AUDIENCE,
            clock=clock,
            random=random,
        ),
        outbox=DynamoOutbox(ledger_table=LEDGER, clock=clock, random=random),
        heads=DynamoHeadStore(ledger_table=LEDGER, origin=ORIGIN),
        audience=DynamoAudienceStore(
            audience_table=AUDIENCE, vault_table=VAULT, clock=clock, random=random
        ),
        frequency=DynamoFrequencyStore(AUDIENCE),
        rows=None,
    )


def memory_ports() -> LedgerPorts:
    rows = MemoryRows()
    return LedgerPorts(
        ledger=MemoryLedgerStore(rows),
        outbox=MemoryOutbox(rows),
        heads=MemoryHeadStore(ORIGIN, rows),
        audience=MemoryAudienceStore(rows),
        frequency=MemoryFrequencyStore(rows),
        rows=rows,
    )


@pytest.fixture(params=["memory", "dynamo"])
def ports(request: pytest.FixtureRequest) -> LedgerPorts:
    """The ledger's and the audience's ports over one set of rows."""
    if request.param == "memory":
        return memory_ports()
    request.getfixturevalue("tables")
    return dynamo_ports()


@pytest.fixture
def dynamo(tables: None) -> LedgerPorts:
    """The DynamoDB adapters alone, for claims about rows and requests."""
    return dynamo_ports()


@pytest.fixture(params=["memory", "dynamo"])
def stores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """The stores of runs; a suite of other stores has a fixture of that name of its own."""
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        return dynamo_stores(monkeypatch)
    return memory_stores()

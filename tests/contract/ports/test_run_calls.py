# SPDX-License-Identifier: Apache-2.0
"""What a run of full chunks costs: every call that leaves the worker is counted, on real adapters.

DynamoDB is moto, reached through the SDK; objects and SES are fakes that count. The message's own
receive and delete are the Lambda event source's.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import count, islice

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.campaign_mail import SplitCampaignMails
from chalicelib.adapters.dynamo.catalog import DynamoCampaigns
from chalicelib.adapters.dynamo.frequency import DynamoFrequencyStore
from chalicelib.adapters.dynamo.items import binary, number, put_all, text
from chalicelib.adapters.dynamo.ledger_rows import state_key, subject_key
from chalicelib.adapters.dynamo.rate import DynamoRateSlot
from chalicelib.adapters.dynamo.run_accounts import DynamoChunkAccounts
from chalicelib.adapters.dynamo.runs import DynamoRuns
from chalicelib.adapters.dynamo.send_reads import DynamoSendReads
from chalicelib.domain.campaigns import CampaignStatus, Recipient, pack_manifest
from chalicelib.domain.ids import DeliveryId, SubjectId, decode_id, encode_id, shard_of
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.rate import Quota
from chalicelib.domain.runs import RunRef
from chalicelib.domain.state import (
    Consent,
    ConsentKey,
    ConsentStatus,
    SubjectState,
    dump_state,
)
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.approach import Approach
from chalicelib.services.chunk_letters import ChunkLetters
from chalicelib.services.composer import CallComposer
from chalicelib.services.courier import Courier
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.entries import seal_profile
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.pacing import Pacer
from chalicelib.services.plans import manifest_key
from chalicelib.services.runs import RunWorker
from chalicelib.services.way_out import WayOut
from tests.contract.ports.conftest import AUDIENCE, CAMPAIGNS, LEDGER, VAULT
from tests.support.faults import Moment
from tests.support.memory_outside import MemoryBlobs
from tests.support.world import BASE_URL, ORIGIN, World

TABLES = {"ledger": LEDGER, "vault": VAULT, "audience": AUDIENCE, "campaigns": CAMPAIGNS}
SHARD = "3"
CHUNKS, SIZE = 3, 50
PER_CHUNK = Counter(
    {
        "BatchGetItem": 2,
        "UpdateItem": 3,
        "BatchWriteItem": 2,
        "SendBulkEmail": 1,
    }
)
"""Two reads; slot, mark, commit; rows of 25; the call: eight."""
PER_RUN = Counter({"GetItem": 1, "UpdateItem": 2, "Query": 1, "GetObject": 1})
"""The campaign, the lease taken and given back, the view, the manifest: five."""


def people():
    """Recipients of one shard, in the manifest's order."""
    ids = (encode_id(number.to_bytes(16, "big")) for number in count(1))
    sids = (SubjectId(sid) for sid in ids if shard_of(SubjectId(sid)) == SHARD)
    return [
        Recipient(sid=sid, delivery=DeliveryId(encode_id(place.to_bytes(12, "big"))))
        for place, sid in enumerate(sorted(islice(sids, CHUNKS * SIZE)))
    ]


@dataclass(slots=True, kw_only=True)
class Bench:
    world: World
    worker: RunWorker
    run: RunRef
    calls: Counter[str]


@pytest.fixture
def bench(tables):
    """A campaign of three full chunks in one run, everybody consenting, and a warm worker."""
    world = World()
    world.mailbox.per_second = 500.0
    campaign = world.campaign_rows.get(world.campaign())
    content = world.campaign_rows.content(campaign.id)
    assert campaign.status is CampaignStatus.SENDING
    DynamoCampaigns(CAMPAIGNS).create(campaign, content)
    everybody = people()
    put_everybody(world, everybody)
    manifest = manifest_key(campaign.id, SHARD)
    world.blobs.put_new(manifest, pack_manifest(iter(everybody)), "application/octet-stream")
    DynamoRateSlot(CAMPAIGNS).note(Quota(per_second=500.0), world.time.now_ms())
    calls = counted(world)
    worker = made(world)
    worker._composer.mailing(campaign)  # Once a minute and process, whatever is sent.
    calls.clear()
    run = RunRef(campaign=campaign.id, shard=SHARD, first=0, count=CHUNKS)
    return Bench(world=world, worker=worker, run=run, calls=calls)


def put_everybody(world, everybody):
    """Write what the ledger would have written of people who consented."""
    rows = {AUDIENCE: [], VAULT: [], LEDGER: []}
    given = Consent(status=ConsentStatus.GIVEN, since_ms=1, entry=0)
    consent = ConsentKey("demo", "email", "newsletter", "newsletter")
    state = SubjectState(entries=1, last_ms=1, consents={consent: given})
    folded = {"v": number(1), "folded": text(dump_state(state))}
    for person in everybody:
        key, sid, where = world.random(32), decode_id(person.sid), subject_key(person.sid)
        profile = {"email": f"{person.sid}@example.org", "language": "en", "attributes": {}}
        sealed = seal_profile(SubjectKeys(key, ORIGIN, sid), profile, world.random(12))
        wrapped = world.wrapper.wrap(sid, key)
        rows[AUDIENCE].append({**where, "v": number(1), "sealed": binary(sealed)})
        rows[VAULT].append({**where, "v": number(1), "wrapped_key": binary(wrapped)})
        rows[LEDGER].append({**state_key(person.sid), **folded})
    for table, items in rows.items():
        put_all("", clients.client("dynamodb"), table, items, world.time, world.random)


def counted(world):
    """Count every call by its name: those of the SDK, and those of the fakes."""
    calls = Counter()
    for client in (clients.client("dynamodb"), clients.rows_client()):
        client.meta.events.register(
            "before-call.dynamodb", lambda model, **_: calls.update([model.name])
        )
    names = {"Sender.send_bulk": "SendBulkEmail", "Blobs.get_range": "GetObject"}

    def faults(call, moment):
        if moment is Moment.BEFORE:
            calls.update([names.get(call, call)])

    world.faults = faults
    return calls


def made(world):
    pacer = Pacer(rate=DynamoRateSlot(CAMPAIGNS), sender=world.sender, clock=world.time)
    runs = DynamoRuns(CAMPAIGNS, world.time, world.random)
    reads = DynamoSendReads(TABLES, clock=world.time, random=world.random)
    composer = CallComposer(
        mails=SplitCampaignMails(world.renderer, BASE_URL),
        contents=FrozenContents(blobs=world.blobs),
        brands=world.brands,
        lists=world.lists,
        fields=DeclaredFields(world.forms, world.time),
        lines=world.checkpoint_lines,
        tokens=world.tokens,
        clock=world.time,
        way_out=WayOut(tokens=world.tokens, base_url=BASE_URL),
        base_url=BASE_URL,
    )
    courier = Courier(
        letters=ChunkLetters(
            reads=reads,
            wrapper=world.wrapper,
            frequency=DynamoFrequencyStore(AUDIENCE),
            composer=composer,
            clock=world.time,
            origin=ORIGIN,
        ),
        approach=Approach(
            reads=reads,
            keys=world.domain_keys,
            pacer=pacer,
            composer=composer,
            clock=world.time,
        ),
        runs=runs,
        pacer=pacer,
        sender=world.sender,
        clock=world.time,
        random=world.random,
    )
    return RunWorker(
        campaigns=DynamoCampaigns(CAMPAIGNS),
        blobs=MemoryBlobs(world.outside_rows, faults=world._strike),
        runs=runs,
        queues=world.queues,
        composer=composer,
        courier=courier,
        clock=world.time,
        random=world.random,
    )


def outside(calls):
    """Without what a process keeps: the keys of people's data and of links, asked for in vain."""
    kept = ("KeyWrapper", "LinkKeys")
    return Counter({name: n for name, n in calls.items() if not name.startswith(kept)})


def test_a_run_costs_five_calls_and_each_full_chunk_in_it_eight(bench):
    bench.worker.deliver(bench.run, bench.world.time.now_ms() + 900_000)
    assert bench.world.mailbox.calls == [SIZE] * CHUNKS
    # A worker that is new has no rate row in hand: its first slot takes one read more.
    first_slot = Counter({"GetItem": bench.calls["GetItem"] - 1})
    assert first_slot["GetItem"] <= 1
    chunks = Counter({name: n * CHUNKS for name, n in PER_CHUNK.items()})
    assert outside(bench.calls) == PER_RUN + chunks + first_slot
    assert sum(PER_CHUNK.values()) == 8


def test_everybody_of_the_run_is_accounted_for_by_a_byte_and_a_row_each(bench):
    bench.worker.deliver(bench.run, bench.world.time.now_ms() + 900_000)
    views = list(DynamoChunkAccounts(CAMPAIGNS).chunks(bench.run.campaign, SHARD))
    assert [view.codes for view in views] == [bytes((Code.SENT,)) * SIZE] * CHUNKS
    assert all(message_id for view in views for message_id in view.message_ids)
    rows = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    assert len([row for row in rows if row["pk"]["S"].startswith("D#")]) == SIZE * CHUNKS


def test_a_run_that_is_finished_costs_four_calls(bench):
    bench.worker.deliver(bench.run, bench.world.time.now_ms() + 900_000)
    bench.world.time.advance(600_000)
    bench.calls.clear()
    bench.worker.deliver(bench.run, bench.world.time.now_ms() + 900_000)
    assert outside(bench.calls) == {"GetItem": 1, "UpdateItem": 2, "Query": 1}

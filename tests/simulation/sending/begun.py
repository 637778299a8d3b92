# SPDX-License-Identifier: Apache-2.0
"""Where every simulated sending begins: thirty people and two campaigns, the first just started.

Made once by the product's own code and copied for each seed. Most people are of one shard, so that
it has several chunks; some take one mail a week, and to some SES refuses to send. There is a second
beginning, in which the first campaign's mail cannot be made for some.
"""

from dataclasses import dataclass, field, replace
from functools import cache

from chalicelib.config import Settings
from chalicelib.domain.campaigns import Content
from chalicelib.domain.events import Via
from chalicelib.domain.frequency import Frequency, Rhythm, dump_rhythm
from chalicelib.domain.ids import (
    RANDOM_ID_BYTES,
    CampaignId,
    ListId,
    PurposeId,
    SubjectId,
    encode_id,
    shard_of,
)
from chalicelib.proof import canonical
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.simulation.sending.account import Account
from tests.simulation.sending.queue import QueueRows
from tests.support.clock import SeededRandom
from tests.support.memory_breakers import BreakerState
from tests.support.memory_catalog import CatalogRows
from tests.support.memory_erasure import ErasureRows
from tests.support.memory_folds import FoldRows
from tests.support.memory_hygiene import HygieneRows
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_links import LinkRows
from tests.support.memory_outside import OutsideRows
from tests.support.memory_rate import RateRow
from tests.support.memory_runs import RunRows
from tests.support.world import World

PER_SECOND = 5.0
"""The account's quota, and so the people of a chunk."""
SHARDS = {"3": 16, "a": 9, "f": 5}
"""People in each shard; a chunk of 5 is full, one is not."""
CAP = 1
"""Mails a week for those who limited them."""
PLAIN = "<p>One</p>"
FAILS_FOR_BO = "<p>{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}One</p>"


@dataclass(slots=True, kw_only=True)
class Rows:
    """Everything that outlives a process."""

    ledger: MemoryRows
    catalog: CatalogRows
    outside: OutsideRows
    runs: RunRows = field(default_factory=RunRows)
    rate: RateRow = field(default_factory=RateRow)
    folds: FoldRows = field(default_factory=FoldRows)
    breakers: BreakerState = field(default_factory=BreakerState)
    links: LinkRows = field(default_factory=LinkRows)
    hygiene: HygieneRows = field(default_factory=HygieneRows)
    erasures: ErasureRows = field(default_factory=ErasureRows)
    queues: QueueRows = field(default_factory=QueueRows)
    account: Account = field(default_factory=lambda: Account(per_second=PER_SECOND))


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What all seeds share.

    Attributes:
        people: by address.
        capped: those who take `CAP` mails a week.
        refused: addresses to which SES never sends.
        unmakeable: addresses for which the first campaign's mail cannot be made.
        campaigns: the one that is started, and the one that may be.
    """

    settings: Settings
    rows: Rows
    people: dict[str, SubjectId]
    capped: frozenset[SubjectId]
    refused: frozenset[str]
    unmakeable: frozenset[str]
    campaigns: tuple[CampaignId, CampaignId]
    start_ms: int

    def copy(self) -> Rows:
        """Return rows of a life of its own; what is in them never changes in place."""
        ledger, catalog, outside = self.rows.ledger, self.rows.catalog, self.rows.outside
        return Rows(
            ledger=MemoryRows(
                entries=dict(ledger.entries),
                states=dict(ledger.states),
                located=dict(ledger.located),
                lookups=dict(ledger.lookups),
                vault=dict(ledger.vault),
                audience=dict(ledger.audience),
            ),
            catalog=CatalogRows(
                brands=catalog.brands,
                lists=catalog.lists,
                forms=catalog.forms,
                campaigns=dict(catalog.campaigns),
                contents=dict(catalog.contents),
            ),
            outside=OutsideRows(blobs=dict(outside.blobs)),
            queues=QueueRows(messages=[replace(each) for each in self.rows.queues.messages]),
        )


class _Chosen:
    """Random bytes; ids are of the shards wanted."""

    def __init__(self) -> None:
        self._random = SeededRandom(5)
        self.shard: str | None = None

    def __call__(self, length: int) -> bytes:
        while True:
            drawn = self._random(length)
            if length != RANDOM_ID_BYTES or self.shard is None:
                return drawn
            if shard_of(SubjectId(encode_id(drawn))) == self.shard:
                return drawn


@cache
def begun(*, fails: bool = False) -> Begun:
    """Return the beginning; the rows in it are copied, never changed.

    Args:
        fails: the first campaign's mail cannot be made for everybody.
    """
    random = _Chosen()
    world = World()
    world.__dict__["random"] = random
    for service in ("ledger", "campaigns", "campaign_start"):
        world.__dict__.pop(service, None)  # Made with the other randomness.
    world.mailbox.per_second = PER_SECOND
    people: dict[str, SubjectId] = {}
    for shard, count in SHARDS.items():
        random.shard = shard
        for number in range(count):
            address = f"reader-{shard}{number}@example.org"
            people[address] = _subscribe(world, address, "Bo" if len(people) % 13 == 6 else "Ada")
    random.shard = None
    capped = frozenset(sid for n, sid in enumerate(people.values()) if n % 5 == 2)
    for sid in capped:
        rhythm = Rhythm(frequency=Frequency(max_per_week=CAP))
        text = canonical.encode(dump_rhythm(rhythm)).decode()
        world.rows.audience[sid] = replace(world.rows.audience[sid], rhythm=text)
    started = world.campaign("First", html=FAILS_FOR_BO if fails else PLAIN)
    queues = QueueRows()
    for message in world.outside_rows.messages:
        queues.put(message.queue, message.body, 0)
    second = world.campaigns.create(
        name="Second",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="Hello again", html="<p>Two</p>"),
    ).campaign
    world.test(second.id)
    return Begun(
        settings=world.settings,
        rows=Rows(
            ledger=world.rows,
            catalog=world.catalog_rows,
            outside=world.outside_rows,
            queues=queues,
        ),
        people=people,
        capped=capped,
        refused=frozenset(address for n, address in enumerate(people) if n % 11 == 4),
        unmakeable=frozenset(address for n, address in enumerate(people) if fails and n % 13 == 6),
        campaigns=(started, second.id),
        start_ms=world.time.now_ms() + 1000,
    )


def _subscribe(world: World, address: str, name: str) -> SubjectId:
    chain = world.ledger.start(world.ledger.mac(address))
    draft = Draft(
        type=EventType.CONSENT_CONFIRMED,
        brand=DEMO_BRAND.id,
        lists=(DEMO_LIST.id,),
        purposes=(PurposeId("newsletter"),),
        notice="11" * 32,
        via=Via.PAGE,
    )
    profile: dict[str, canonical.JsonValue] = {
        "attributes": {"first_name": name},
        "email": address,
        "language": "en",
    }
    return world.ledger.append(chain, [draft], profile=profile, wake=False).sid

# SPDX-License-Identifier: Apache-2.0
"""Importing the list of another tool: read, checked and written, row by row.

It guarantees the product's own reading, checking and running over a file that is made as it is
sent, and no figure of an import that did not write every row of it exactly once.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chalicelib.bootstrap import Container
from chalicelib.domain.csv_rows import csv_row
from chalicelib.domain.import_limits import MAX_PART_BYTES
from chalicelib.domain.import_statement import Basis, Source, Statement
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.imports import Import, Stage
from chalicelib.ports.outside import Queue
from infra.bench.campaign_costs import memory_gb
from infra.bench.import_stores import CountingGroups, FolderBlobs, NoIndex
from infra.bench.line import Line, Meter, metered, peak_rss_mib
from infra.bench.prices import ASSUMED, Counted, bill
from infra.bench.sink import NullEndpoint, TappedQueues, null_aws, real_container, since
from infra.bench.worlds import new_world
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST

LIMITS: Final = {"peak_rss_mib": 200, "peak_from_smallest_to_largest": 1.15}
"""What importing may hold, MiB, and by how much that may differ between the sizes."""
_FOR_EVER_MS: Final = 10**15
_HEADER: Final = (
    *("Email Address", "First Name", "Last Name", "City", "MEMBER_RATING", "OPTIN_TIME"),
    *("OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "CC", "UNSUB_TIME", "CLEAN_TIME", "TAGS"),
)
_STATED: Final = Statement(
    source=Source.EARLIER_TOOL,
    basis=Basis.CONSENT,
    name="Example Name",
    position="Head of marketing",
    confirmed=True,
)


def import_rows(size: int) -> Iterator[Line]:
    """Print what reading, checking and writing a row takes when nothing is outside the process."""
    with tempfile.TemporaryDirectory() as folder:
        world, blobs = new_world(), FolderBlobs(Path(folder))
        groups = CountingGroups(world.group_store)
        world.__dict__ |= {"blobs": blobs, "group_store": groups, "suppression_index": NoIndex()}
        sent_bytes = 0
        done = _Done()
        made = _begun(world)
        with metered(done.sending):
            for number, part in enumerate(_parts(size), 1):
                world.import_desk.put_part(made.id, number, part)
                sent_bytes += len(part)
            world.import_desk.uploaded(made.id, number)
        _work(world, _Taken(world), made.id, done)
    if groups.people != size:
        raise AssertionError(f"{groups.people} of {size} people were written")
    yield Line(
        bench="import_rows",
        value=size / done.cpu_s,
        unit="rows per CPU second, from the first byte to the last entry",
        n=size,
        cpu_s=done.cpu_s,
        peak_rss_mib=peak_rss_mib(),
        more={
            **done.shares(size),
            "file_mib": sent_bytes / 2**20,
            "transactions": groups.transactions,
            "people_per_transaction": groups.people / groups.transactions,
            "rows_per_transaction": groups.actions / groups.transactions,
            "steps": groups.steps,
            "objects": blobs.puts,
            "limits": LIMITS,
        },
    )


def import_on_aws(size: int) -> Iterator[Line]:
    """Price a million rows: new people, then the same file once more, then all of it done again."""
    with null_aws() as endpoint:
        container = real_container(endpoint)
        endpoint.keep_conditions()  # The same file must be found to have come before.
        queues = _KeptQueues.of(container)
        container.__dict__["queues"] = queues
        first, done = _counted(container, queues, endpoint, size)
        known, _ = _counted(container, queues, endpoint, size, stage=Stage.DONE)
        again, _ = _counted(container, queues, endpoint, size, again=True)
    usd, terms = bill(first.quantities())
    yield Line(
        bench="cost.import",
        value=usd,
        unit="USD per million rows of new people",
        n=size,
        cpu_s=done.cpu_s,
        calls=first.counted.requests,
        more={
            "rows_per_cpu_s": size / done.cpu_s,
            **done.shares(size),
            "write_units_per_row": first.counted.write_units,
            "read_units_per_row": first.counted.read_units,
            "terms": terms,
            "same_file_again_usd": bill(known.quantities())[0],
            "every_row_known_usd": bill(again.quantities())[0],
            "every_row_known_terms": bill(again.quantities())[1],
            "lambda_assumes": ASSUMED,
        },
    )


@dataclass(slots=True, kw_only=True)
class _Done:
    """CPU and wall time of each stage, and messages worked through."""

    sending: Meter = field(default_factory=Meter)
    read: Meter = field(default_factory=Meter)
    check: Meter = field(default_factory=Meter)
    run: Meter = field(default_factory=Meter)
    messages: int = 0

    def of(self, body: Mapping[str, object]) -> Meter:
        """Return the meter of a message."""
        return {"read": self.read, "check": self.check}.get(str(body["do"]), self.run)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of everything but making the file."""
        return sum(each.cpu_s for each in (self.sending, self.read, self.check, self.run))

    def shares(self, size: int) -> dict[str, float]:
        """Return CPU microseconds a row, by stage; sending is sealing the parts, too."""
        stages = {"sending": self.sending, "reading": self.read}
        stages |= {"checking": self.check, "running": self.run}
        return {f"{name}_cpu_us": each.cpu_s / size * 1e6 for name, each in stages.items()}


class _Taken:
    """The queue of a world in memory."""

    def __init__(self, world: Any) -> None:
        self._messages = world.messages

    def take(self) -> list[Mapping[str, Any]]:
        """Return what waits; who would wake the sequencer is not heard."""
        self._messages.take(Queue.SEQUENCING)
        found: list[Mapping[str, Any]] = self._messages.take(Queue.IMPORTS)
        return found


class _KeptQueues(TappedQueues):
    """SQS, with the messages about imports kept for whoever plays the worker."""

    kept: list[Mapping[str, Any]]

    @classmethod
    def of(cls, container: Container) -> "_KeptQueues":
        """Return queues at the addresses of the container's settings."""
        found = cls({queue: getattr(container.settings, f"{queue}_queue") for queue in Queue})
        found.kept = []
        return found

    def send(self, queue: Queue, body: dict[str, object], delay_s: int = 0) -> None:
        """Send, and keep."""
        super().send(queue, body, delay_s)
        if queue is Queue.IMPORTS:
            self.kept.append(body)

    def send_all(self, queue: Queue, bodies: Any) -> None:
        """Send, and keep."""
        super().send_all(queue, bodies)
        if queue is Queue.IMPORTS:
            self.kept += bodies

    def take(self) -> list[Mapping[str, Any]]:
        """Return what waits."""
        taken, self.kept = self.kept, []
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spent:
    """What one row of an import asked of AWS."""

    counted: Counted
    api_calls: float
    messages: float

    def quantities(self) -> dict[str, float]:
        """Return what is billed for it, by the names of the price table."""
        found = self.counted.quantities()
        # Each message is received and deleted, too, and each call of the API is a function's.
        found["sqs.request"] = found.get("sqs.request", 0.0) + 2 * self.messages
        found["api_gateway.request"] = self.api_calls
        found["lambda.request"] = self.api_calls + self.messages
        found["lambda.gb_s"] = self.counted.gb_s(memory_gb("import_people"))
        return found


def _counted(
    container: Container,
    queues: _KeptQueues,
    endpoint: NullEndpoint,
    size: int,
    *,
    again: bool = False,
    stage: Stage = Stage.PREVIEW,
) -> tuple[_Spent, _Done]:
    """Import the file through real adapters, and return what each row of it took."""
    before, done = endpoint.counted(), _Done()
    parts = list(_parts(size))
    with metered(done.sending):
        made = _begun(container, again=again)
        for number, part in enumerate(parts, 1):
            container.import_desk.put_part(made.id, number, part)
        container.import_desk.uploaded(made.id, len(parts))
    _work(container, queues, made.id, done, expected=stage)
    with metered(done.run):
        container.sequencer.run()
    counted = since(before, endpoint.counted()).with_cpu(done.cpu_s).scaled(1 / size)
    spent = _Spent(
        counted=counted,
        api_calls=(len(parts) + 3) / size,
        messages=done.messages / size,
    )
    return spent, done


def _begun(container: Any, *, again: bool = False) -> Import:
    asked = NewImport(brand=DEMO_BRAND.id, list=DEMO_LIST.id, again=again)
    made: Import = container.import_desk.new(asked, "bench")
    return made


def _work(
    container: Any, queue: Any, import_id: str, done: _Done, *, expected: Stage = Stage.PREVIEW
) -> None:
    """Work through every message, and answer for the preview."""
    _drain(container, queue, done)
    _require(container, import_id, expected)
    if expected is Stage.PREVIEW:
        with metered(done.run):
            container.import_desk.run(import_id, _STATED, "bench")
        _drain(container, queue, done)
        _require(container, import_id, Stage.DONE)


def _drain(container: Any, queue: Any, done: _Done) -> None:
    while taken := queue.take():
        for body in taken:
            with metered(done.of(body)):
                if "lane" in body:
                    told = (body["import"], body["lane"], body["do"])
                    container.import_work.go_on(*told, _FOR_EVER_MS)
                else:
                    container.import_work.begin(body["import"], body["do"], _FOR_EVER_MS)
            done.messages += 1


def _require(container: Any, import_id: str, stage: Stage) -> None:
    found = container.import_desk.get(import_id)
    if found.stage is not stage:
        raise AssertionError(f"the import is {found.stage}: {found.failure}")


def _parts(size: int) -> Iterator[bytes]:
    """Yield a Mailchimp audience of ``size`` people in parts, each made when it is asked for."""
    part = bytearray(csv_row(_HEADER))
    for number in range(size):
        part += csv_row(_cells(number))
        if len(part) > MAX_PART_BYTES - 1_000:
            yield bytes(part)
            part.clear()
    yield bytes(part)


def _cells(number: int) -> tuple[str, ...]:
    """One in fifty unsubscribed, one in a hundred bounced; all others confirmed twice."""
    day = f"20{18 + number % 8}-{1 + number % 12:02d}-{1 + number % 28:02d}"
    left = f"{day} 18:00:00" if not number % 50 else ""
    bounced = f"{day} 19:00:00" if not (number + 1) % 100 else ""
    network = f"192.0.2.{number % 250}"
    return (
        *(f"reader{number}@example.org", f"Reader {number}", "Example", "Stockholm", "3"),
        *(f"{day} 08:00:00", network, f"{day} 08:05:{number % 60:02d}", network, "SE"),
        *(left, bounced, '"spring","garden"'),
    )

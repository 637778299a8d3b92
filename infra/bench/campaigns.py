# SPDX-License-Identifier: Apache-2.0
"""Planning and sending a campaign: 24 KB of personal HTML with 27 links.

It guarantees the real planner, workers, renderer and SES adapter, with stores in memory and then
with every adapter real, and no figure of a campaign that did not reach everybody.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.ses_mode import SendMode
from chalicelib.bootstrap import Container
from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.ports.sending import BulkMail
from infra.bench import campaign_costs, campaign_floors
from infra.bench.campaign_drive import deliver, plan, runs, start
from infra.bench.line import Line, Meter, metered, peak_rss_mib
from infra.bench.people import LIST, people
from infra.bench.prices import Counted
from infra.bench.sink import (
    ORIGIN,
    NullEndpoint,
    TappedSender,
    another_container,
    null_aws,
    real_container,
    since,
)
from infra.bench.worlds import new_world, subscriber_state
from tests.support.clock import FakeClock
from tests.support.memory_ledger import AudienceRow, StateRow

WORKERS = 2
"""Threads that send, each with a container of its own as each sender on Lambda has one; they share
the SDK's clients, and one of them works while another waits for AWS."""
LIMITS = {"requests": 0.20, "write_units": 1.15, "read_units": 2.3, "log_lines": 0.02}
"""What a recipient may cost at most, at 10,000 recipients and more."""


@dataclass(slots=True, kw_only=True)
class Sent:
    """What a campaign cost."""

    plan: Meter = field(default_factory=Meter)
    send: Meter = field(default_factory=Meter)
    planning: Counted = field(default_factory=Counted)
    sending: Counted = field(default_factory=Counted)
    people: int = 0
    chunks: int = 0
    runs: int = 0
    log_lines: int = 0
    sent_bytes: int = 0

    @property
    def messages(self) -> int:
        """Messages that had it planned and sent."""
        return self.runs + len(SHARDS)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of planning and sending."""
        return self.plan.cpu_s + self.send.cpu_s


def campaign(size: int) -> Iterator[Line]:
    """Print what sending costs when only SES is outside the process."""
    with null_aws() as endpoint:
        world = _full_world(size)
        campaign_id = start(world)
        filled_mib = peak_rss_mib()
        sent = _send([world], endpoint, campaign_id)
        _require_everybody_sent(world, campaign_id, size)
        peak_mib = peak_rss_mib()
        floor = campaign_floors.split(_call(world), with_stores=False)
        rendered = campaign_floors.whole(_call(world), with_stores=False)
    yield Line(
        bench="campaign.stores_in_memory",
        value=sent.cpu_s / size * 1000,
        unit="CPU seconds per 1,000",
        floor=floor,
        floor_is=campaign_floors.MEMORY_IS,
        n=size,
        cpu_s=sent.cpu_s,
        peak_rss_mib=peak_mib,
        calls=sent.planning.plus(sent.sending).requests,
        more={
            **_rates(sent, size),
            "floor_rendered_whole": rendered,
            "rss_before_sending_mib": filled_mib,
        },
    )


def campaign_on_aws(size: int) -> Iterator[Line]:
    """Print what sending costs with every adapter real, request by request, then a million's."""
    line, sent = _on_aws("campaign.adapters_real", size, subscriber_state())
    yield line
    work = campaign_costs.Work(
        planning=sent.planning.with_cpu(sent.plan.cpu_s).scaled(1 / size),
        sending=sent.sending.with_cpu(sent.send.cpu_s).scaled(1 / size),
        messages=sent.messages / size,
    )
    yield from campaign_costs.campaign(work, size)


def campaign_measured(size: int) -> Iterator[Line]:
    """Print the same where everybody consented to be measured: links and a pixel of their own."""
    line, _ = _on_aws("campaign.measured", size, subscriber_state(measured=True))
    yield line


def campaign_single(size: int) -> Iterator[Line]:
    """Print the same where the account may not use bulk calls: one request a mail."""
    line, _ = _on_aws("campaign.single", size, subscriber_state(), SendMode.SINGLE)
    yield line


def _on_aws(bench: str, size: int, state: str, mode: SendMode = SendMode.AUTO) -> tuple[Line, Sent]:
    with null_aws() as endpoint:
        container = real_container(endpoint, mode)
        endpoint.add_people(size, state)
        campaign_id = start(container)
        others = [another_container(endpoint, FakeClock(), mode) for _ in range(1, WORKERS)]
        sent = _send([container, *others], endpoint, campaign_id)
        _require_everybody_sent(container, campaign_id, size)
        peak_mib = peak_rss_mib()
        more = {**_rates(sent, size), **_each(sent, size)}
        mail = _call(container)
        if mode is SendMode.SINGLE:
            floor, floor_is = campaign_floors.single(mail), campaign_floors.SINGLE_IS
        else:
            floor, floor_is = (
                campaign_floors.split(mail, with_stores=True),
                campaign_floors.SPLIT_IS,
            )
            more["floor_rendered_whole"] = campaign_floors.whole(mail, with_stores=True)
    line = Line(
        bench=bench,
        value=sent.cpu_s / size * 1000,
        unit="CPU seconds per 1,000",
        floor=floor,
        floor_is=floor_is,
        n=size,
        cpu_s=sent.cpu_s,
        peak_rss_mib=peak_mib,
        calls=sent.planning.plus(sent.sending).scaled(1 / size).requests,
        more=more,
    )
    return line, sent


def _rates(sent: Sent, size: int) -> dict[str, float]:
    return {
        "per_cpu_s": size / sent.cpu_s,
        "per_wall_s": size / (sent.plan.wall_s + sent.send.wall_s),
        "chunks": sent.chunks,
        "runs": sent.runs,
        "plan_cpu_s": sent.plan.cpu_s,
        "send_cpu_s": sent.send.cpu_s,
        "bytes_per_mail_to_ses": sent.sent_bytes / size,
    }


def _each(sent: Sent, size: int) -> dict[str, object]:
    total = sent.planning.plus(sent.sending)
    # Each message is received and deleted, too.
    requests = sum(total.requests.values()) + 2 * sent.messages
    ses = sum(count for name, count in sent.sending.requests.items() if name.startswith("ses.Send"))
    return {
        "workers": WORKERS,
        "requests_per_recipient": requests / size,
        "write_units_per_recipient": total.write_units / size,
        "read_units_per_recipient": total.read_units / size,
        "log_lines_per_recipient": sent.log_lines / size,
        "limits_per_recipient": LIMITS,
        "ses_calls_per_chunk": ses / sent.chunks,
    }


def _call(container: Container) -> BulkMail:
    """Return the last call that was made."""
    sender = container.sender
    if not isinstance(sender, TappedSender) or not sender.calls:
        raise AssertionError("no call was made")
    return sender.calls[0]


def _full_world(size: int) -> Any:
    """Return an installation with ``size`` subscribers whose mails leave by the SES adapter."""
    state, world = subscriber_state(), new_world()
    for person in people(size, ORIGIN, state):
        world.rows.states[person.sid] = StateRow(
            text=state, macs=(person.mac,), last_leaf_hash="00" * 32
        )
        world.rows.vault[person.sid] = person.wrapped_key
        world.rows.audience[person.sid] = AudienceRow(
            sealed=person.sealed, lists=((LIST, "given"),), standing=person.standing
        )
    world.__dict__["sender"] = TappedSender(configuration_set="kvitto", clock=world.clock)
    return world


def _send(workers: Sequence[Container], endpoint: NullEndpoint, campaign_id: CampaignId) -> Sent:
    """Plan every shard and deliver every run, as the queues' handlers would."""
    sent, marks, sent_before = Sent(), [endpoint.counted()], endpoint.sent_bytes()
    with _counted_lines() as lines:
        with metered(sent.plan):
            sizes = plan(workers[0], campaign_id)
        marks.append(endpoint.counted())
        stored = workers[0].campaign_rows.get(campaign_id)
        wanted = runs(campaign_id, sizes, stored.chunk_size if stored else 0)
        with metered(sent.send):
            deliver(workers, wanted)
        marks.append(endpoint.counted())
    sent.planning, sent.sending = since(marks[0], marks[1]), since(marks[1], marks[2])
    sent.people, sent.runs = sum(sizes.values()), len(wanted)
    sent.chunks = sum(run.count for run in wanted)
    sent.log_lines, sent.sent_bytes = lines.count, endpoint.sent_bytes() - sent_before
    return sent


class _LineCounter(logging.Handler):
    """Counts the lines that a function's log would get."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count, and write nothing."""
        del record
        self.count += 1


@contextmanager
def _counted_lines() -> Iterator[_LineCounter]:
    ours, counter = logging.getLogger("chalicelib"), _LineCounter()
    level = ours.level
    ours.setLevel(logging.INFO)
    ours.addHandler(counter)
    try:
        yield counter
    finally:
        ours.removeHandler(counter)
        ours.setLevel(level)


def _require_everybody_sent(container: Container, campaign_id: CampaignId, size: int) -> None:
    """Raise unless the store says that all were sent: a fast way to send nothing is no figure."""
    seen = container.campaigns.get(campaign_id)
    if (seen.status, seen.progress.sent) != (CampaignStatus.SENT, size):
        raise AssertionError(f"sent {seen.progress.sent} of {size}")

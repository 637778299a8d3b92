# SPDX-License-Identifier: Apache-2.0
"""What a million recipients cost: planning, sending, what goes wrong, and the events of the rest.

It guarantees that requests, capacity and CPU time were counted, and that a sender's waiting is
paid for: a function that waits for its slot is billed as one that works. What is assumed is in the
line. The events are SES's own JSON, through the handler that gets them.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from chalicelib.bootstrap import Container
from chalicelib.domain.durations import DAY_MS
from chalicelib.entrypoints import queues
from chalicelib.ports.sending import BulkEntry, BulkMail, Sent
from infra.bench.alike import served
from infra.bench.campaign_drive import deliver, plan, runs, start
from infra.bench.line import Line, Meter, metered
from infra.bench.prices import ASSUMED, SES_USD_PER_MILLION, Counted, bill
from infra.bench.sink import NullEndpoint, TappedSender, null_aws, real_container, since
from infra.bench.worlds import subscriber_state
from infra.local import ses_events
from infra.local.ses_message import Destination, Draft, Mail
from tests.support.clock import START_MS

QUOTAS: Final = (50, 500)
"""Recipients a second that the account may send."""
SHARE: Final = 0.99
"""Campaigns take so much of it (domain/rate.py)."""
CALL_AND_CHUNK_S: Final = 0.7
"""A worker is with a chunk for so long, about; docs/operations.md sets the workers by it."""
EXCEPTIONAL: Final = 0.02
"""Share of recipients of whom something else than a delivery is told."""
EXCEPTIONS: Final = 100
"""So many of them are counted, all the dearest there is but a complaint: a bounce for good."""
TAKEN_AT_ONCE: Final = 10
"""Messages in one ReceiveMessage or DeleteMessageBatch. Source: Amazon SQS API Reference."""
BATCH: Final = 1_000
"""Events in one invocation, at most (app.py)."""
WINDOW_S: Final = 10
"""Events are gathered for so long, at most (app.py)."""
POLLERS: Final = 2
"""Batches that are made at a time (infra/app.yaml)."""
DELIVERED_AFTER_S: Final = 5.0
"""A receiving server takes a mail so long after SES did, on average; exponentially spread."""
_CONFIG: Final = Path(__file__).resolve().parents[2] / ".chalice" / "config.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What planning and sending to one recipient took."""

    planning: Counted
    sending: Counted
    messages: float


@cache
def memory_gb(function: str) -> float:
    """Return a function's memory as it is deployed, GB."""
    config = json.loads(_CONFIG.read_text(encoding="utf-8"))
    (stage,) = config["stages"].values()
    return float(stage["lambda_functions"][function]["lambda_memory_size"]) / 1024


def workers_at(per_second: int) -> int:
    """Return how many senders a quota asks for."""
    return max(2, math.ceil(per_second * CALL_AND_CHUNK_S / 50) + 1)


def campaign(work: Work, size: int) -> Iterator[Line]:
    """Price a million recipients at each quota: what was counted, waiting, and what goes wrong."""
    for per_second in QUOTAS:
        exception = _exceptional(min(EXCEPTIONS, math.ceil(size * EXCEPTIONAL)), per_second)
        held_s = workers_at(per_second) / (per_second * SHARE)
        sender_gb = memory_gb("send_chunks")
        busy = work.sending.gb_s(sender_gb)
        counted = work.planning.plus(work.sending).quantities()
        own = {
            # Each message is received and deleted.
            "sqs.request": counted.get("sqs.request", 0.0) + 2 * work.messages,
            "lambda.request": work.messages,
            "lambda.gb_s": work.planning.gb_s(memory_gb("plan_campaigns"))
            + max(busy, held_s * sender_gb),
        }
        usd, terms = bill(_sum(counted | own, exception))
        yield Line(
            bench="cost.campaign",
            value=usd,
            unit="USD per million recipients, SES's fee and the events of deliveries apart",
            n=size,
            more={
                "per_second": per_second,
                "workers": workers_at(per_second),
                "sender_gb": sender_gb,
                "sender_busy_share": busy / max(busy, held_s * sender_gb),
                "exceptional_share": EXCEPTIONAL,
                "exceptional_usd": bill(exception)[0],
                "ses_fee_usd": SES_USD_PER_MILLION,
                "terms": terms,
                "messages_per_recipient": work.messages,
                "lambda_assumes": ASSUMED,
            },
        )


def stream(size: int) -> Iterator[Line]:
    """Price the Send and Delivery events of a million recipients, folded into their chunks."""
    with null_aws() as endpoint:
        container, mails = sent_campaign(endpoint, size)
        batches = _batches(mails, QUOTAS[-1])
        chunks = len({mail.entry.tags[-1][1].rpartition("-")[0] for mail in mails})
        before, meter = endpoint.counted(), Meter()
        handle_events(container, batches, meter)
        spent = since(before, endpoint.counted()).with_cpu(meter.cpu_s)
        told = container.campaign_results.of(_campaign_of(mails))
    if told.delivered != size:
        raise AssertionError(f"{told.delivered} of {size} deliveries were folded")
    events = sum(map(len, batches))
    each = spent.scaled(1 / size)
    usd, terms = bill(
        _sum(
            each.quantities(),
            _carried(events / size),
            {
                "lambda.request": len(batches) / size,
                "lambda.gb_s": each.gb_s(memory_gb("record_ses_events")),
            },
        )
    )
    yield Line(
        bench="cost.stream",
        value=usd,
        unit="USD per million recipients, for their Send and Delivery events",
        n=size,
        cpu_s=meter.cpu_s,
        calls=each.requests,
        more={
            "events": events,
            "cpu_us_per_event": meter.cpu_s / events * 1_000_000,
            "writes_per_chunk": spent.requests.get("dynamodb.UpdateItem", 0) / chunks,
            "write_units_per_recipient": each.write_units,
            "delivered_after_s": DELIVERED_AFTER_S,
            "events_per_invocation": events / len(batches),
            "terms": terms,
            "lambda_assumes": ASSUMED,
        },
    )


def _exceptional(size: int, per_second: int) -> dict[str, float]:
    """Return what is billed for each recipient when some mails bounce for good, all else apart.

    They come as they would beside the events of the rest: one in fifty mails, so hardly two of a
    chunk; and as many in an invocation as a poller gathers.
    """
    gathered = min(BATCH / 2, per_second * WINDOW_S / POLLERS)
    every, at_once = round(1 / EXCEPTIONAL), max(1, round(gathered * EXCEPTIONAL))
    with null_aws() as endpoint:
        container, mails = sent_campaign(endpoint, size * every)
        events = [_event("Bounce", mail, START_MS + DAY_MS) for mail in mails[::every]]
        batches = [events[start : start + at_once] for start in range(0, size, at_once)]
        before, meter = endpoint.counted(), Meter()
        handle_events(container, batches, meter)
        with metered(meter):
            container.sequencer.run()
        spent = since(before, endpoint.counted()).with_cpu(meter.cpu_s)
    each = spent.scaled(1 / size)
    told = _sum(
        each.quantities(),
        _carried(1.0),
        {"lambda.gb_s": each.gb_s(memory_gb("record_ses_events"))},
    )
    return {name: count * EXCEPTIONAL for name, count in told.items()}


def _carried(events: float) -> dict[str, float]:
    """Return what brings events from SES to the function: topic, queue, and taking them in tens."""
    return {"sns.publish": events, "sqs.request": events * (1 + 2 / TAKEN_AT_ONCE)}


def _sum(*parts: Mapping[str, float]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for name, count in part.items():
            total[name] += count
    return dict(total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A mail that SES took."""

    entry: BulkEntry
    message_id: str


class _Keeper(TappedSender):
    """SES, with every mail it took kept."""

    kept: list[Mailed]

    def send_bulk(self, sender: str, mail: BulkMail) -> tuple[Sent, ...]:
        """Send, and keep whose mail has which id."""
        answers = super().send_bulk(sender, mail)
        self.kept += [
            Mailed(entry=entry, message_id=str(answer.message_id))
            for entry, answer in zip(mail.entries, answers, strict=True)
        ]
        return answers


def sent_campaign(endpoint: NullEndpoint, size: int) -> tuple[Container, list[Mailed]]:
    """Return an installation that sent a campaign to ``size`` people, and their mails in order."""
    container = real_container(endpoint)
    keeper = _Keeper(configuration_set="kvitto", clock=container.clock)
    keeper.kept = []
    container.__dict__["sender"] = keeper
    endpoint.add_people(size, subscriber_state())
    campaign_id = start(container)
    sizes = plan(container, campaign_id)
    deliver([container], runs(campaign_id, sizes, 50))
    if len(keeper.kept) != size:
        raise AssertionError(f"sent {len(keeper.kept)} of {size}")
    return container, keeper.kept


def _campaign_of(mails: Sequence[Mailed]) -> Any:
    return dict(mails[0].entry.tags)["c"]


def _batches(mails: Sequence[Mailed], per_second: int) -> list[list[str]]:
    """Return the events as two pollers take them: in the order they come, a thousand at a time."""
    told = []
    for number, mail in enumerate(mails):
        at_s = number // 50 * 50 / (per_second * SHARE)
        part = int.from_bytes(hashlib.sha256(mail.message_id.encode()).digest()[:4], "big") / 2**32
        later_s = at_s - DELIVERED_AFTER_S * math.log(1 - part)
        for kind, moment_s in (("Send", at_s), ("Delivery", later_s)):
            at_ms = START_MS + int(moment_s * 1000)
            told.append((at_ms, number % POLLERS, _event(kind, mail, at_ms)))
    told.sort(key=lambda each: each[0])
    batches = []
    for poller in range(POLLERS):
        mine = [event for _, taker, event in told if taker == poller]
        batches += [mine[start : start + BATCH] for start in range(0, len(mine), BATCH)]
    return batches


def handle_events(container: Container, batches: Iterable[Sequence[str]], meter: Meter) -> None:
    """Hand SES events to the function that gets them, an invocation a batch.

    Raises:
        AssertionError: some came back.
    """
    with served(container):
        for number, batch in enumerate(batches):
            records = [
                {"messageId": f"{number}-{place}", "body": body} for place, body in enumerate(batch)
            ]
            with metered(meter):
                answer = queues.record_ses_events({"Records": records})
            if answer["batchItemFailures"]:
                raise AssertionError(f"{len(answer['batchItemFailures'])} events came back")


def _event(kind: str, mail: Mailed, at_ms: int) -> str:
    """Return an event of one mail, as SES publishes it."""
    event = json.loads(_sample(kind))
    told = event["mail"]
    told["messageId"] = told["commonHeaders"]["messageId"] = mail.message_id
    told["destination"] = told["commonHeaders"]["to"] = [mail.entry.to]
    told["headers"] += [{"name": name, "value": value} for name, value in mail.entry.headers]
    told["tags"] |= {name: [value] for name, value in mail.entry.tags}
    details = event[kind.lower()]
    if kind != "Send":
        details["timestamp"] = ses_events.timestamp(at_ms)
    if kind == "Delivery":
        details["recipients"] = [mail.entry.to]
    if kind == "Bounce":
        details["bouncedRecipients"][0]["emailAddress"] = mail.entry.to
        details["feedbackId"] = mail.message_id
    return json.dumps(event, separators=(",", ":"))


@cache
def _sample(kind: str) -> str:
    """Return an event about nobody; writing the mail of each would take longer than the rest."""
    to = "reader@example.org"
    mail = Mail(
        message_id="0110018c2f6b1a2b-00000000-4c0f-4b1e-9d57-5a0c6e1f2b3d-000000",
        draft=Draft(
            sender="Demo <news@example.org>",
            destination=Destination(to=(to,)),
            subject="News for Reader",
            html="<p>News</p>",
            text="News",
        ),
        tags={},
        configuration_set="kvitto",
        operation="SendBulkEmail",
        region="eu-north-1",
        accepted_ms=START_MS,
    )
    fates = {"Delivery": ses_events.delivery(to), "Bounce": ses_events.bounce(to)}
    return ses_events.record(mail, fates.get(kind), now_ms=START_MS)

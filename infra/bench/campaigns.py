# SPDX-License-Identifier: Apache-2.0
"""Planning and sending a campaign: 24 KB of personal HTML with 27 links.

It guarantees the real planner, worker, renderer and SES adapter, with stores in memory and then
with every adapter real, and no figure of a campaign that did not reach everybody.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from jinja2 import Environment

from chalicelib.adapters import aws
from chalicelib.adapters.ses import SesSender
from chalicelib.bootstrap import Container
from chalicelib.domain.campaigns import Act, CampaignStatus, Content
from chalicelib.domain.ids import SHARDS, CampaignId, PurposeId
from chalicelib.domain.runs import runs_of
from infra.bench.line import Line, Meter, cpu_of, metered, page_html, peak_rss_mib
from infra.bench.people import AUDIENCE, LEDGER, LIST, VAULT, dynamo_rows, people
from infra.bench.prices import ASSUMED, SES_USD_PER_MILLION, Counted, bill
from infra.bench.sink import ORIGIN, NullEndpoint, null_aws, real_container, since
from infra.bench.worlds import new_world, subscriber_state
from infra.local.demo_data import DEMO_FORM
from tests.support.memory_ledger import AudienceRow, StateRow

CHUNK = 50
FLOOR_PEOPLE = 500
FLOOR_CALL = 20
"""Mails of 44 KB each in a call that takes at most 1 MB."""
SENDER_GB = 1.0
"""Memory of the sender (.chalice/config.json); it is handed one message at once (app.py)."""
LIMITS = {"requests": 0.20, "write_units": 1.15, "read_units": 2.3}
"""What a recipient may cost at most, at 10,000 recipients and more."""
WORKER_MS = 24 * 3_600_000
"""Nothing of what is measured is put off because time is up."""
SUBJECT = "News for {{ first_name | default('you') }}"
CONTENT = Content(subject=SUBJECT, html=page_html())


@dataclass(slots=True, kw_only=True)
class Sent:
    """What a campaign cost."""

    plan: Meter = field(default_factory=Meter)
    send: Meter = field(default_factory=Meter)
    people: int = 0
    chunks: int = 0
    runs: int = 0

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
        floor = _floor(min(size, FLOOR_PEOPLE), with_stores=False)
        world = _full_world(size)
        campaign_id = _start(world)
        before, filled_mib = endpoint.counted(), peak_rss_mib()
        sent = _deliver(world, campaign_id)
        counted = since(before, endpoint.counted())
        _require_everybody_sent(world, campaign_id, size)
    yield Line(
        bench="campaign.stores_in_memory",
        value=sent.cpu_s / size * 1000,
        unit="CPU seconds per 1,000",
        floor=floor,
        floor_is="Jinja2 compiled once and bare SendBulkEmail, mails as large",
        n=size,
        cpu_s=sent.cpu_s,
        peak_rss_mib=peak_rss_mib(),
        calls=counted.requests,
        more={**_rates(sent, size), "rss_before_sending_mib": filled_mib},
    )


def campaign_on_aws(size: int) -> Iterator[Line]:
    """Print what sending costs with every adapter real, request by request, then a million's."""
    state = subscriber_state()
    with null_aws() as endpoint:
        container = real_container(endpoint)
        endpoint.add_people(size, state)
        floor = _floor(min(size, FLOOR_PEOPLE), with_stores=True)
        campaign_id = _start(container)
        sent, planning, sending = _deliver_counted(container, endpoint, campaign_id)
        _require_everybody_sent(container, campaign_id, size)
    total = planning.plus(sending)
    # Each message is received and deleted, too.
    requests = sum(total.requests.values()) + 2 * sent.messages
    yield Line(
        bench="campaign.adapters_real",
        value=sent.cpu_s / size * 1000,
        unit="CPU seconds per 1,000",
        floor=floor,
        floor_is="as with stores in memory, and the store requests of a safe chunk by the bare SDK",
        n=size,
        cpu_s=sent.cpu_s,
        peak_rss_mib=peak_rss_mib(),
        calls=total.scaled(1 / size).requests,
        more={
            **_rates(sent, size),
            "requests_per_recipient": requests / size,
            "write_units_per_recipient": total.write_units / size,
            "read_units_per_recipient": total.read_units / size,
            "limits_per_recipient": LIMITS,
            "ses_calls_per_chunk": sending.requests.get("ses.SendBulkEmail", 0) / sent.chunks,
        },
    )
    yield _cost(total, sent, size)


def _rates(sent: Sent, size: int) -> dict[str, float]:
    return {
        "per_cpu_s": size / sent.cpu_s,
        "per_wall_s": size / (sent.plan.wall_s + sent.send.wall_s),
        "chunks": sent.chunks,
        "runs": sent.runs,
        "plan_cpu_s": sent.plan.cpu_s,
        "send_cpu_s": sent.send.cpu_s,
    }


def _cost(total: Counted, sent: Sent, size: int) -> Line:
    """Price a million recipients: what was counted, and what Lambda and SQS do around it."""
    spent = replace(total, cpu_s=sent.cpu_s).scaled(1 / size)
    quantities = spent.quantities()
    messages = invocations = sent.messages / size
    quantities |= {
        # Each is received and deleted.
        "sqs.request": quantities.get("sqs.request", 0.0) + 2 * invocations,
        "lambda.request": invocations,
        "lambda.gb_s": spent.gb_s(SENDER_GB),
    }
    usd, terms = bill(quantities)
    return Line(
        bench="cost.campaign",
        value=usd,
        unit="USD per million recipients, SES's fee and its events apart",
        n=size,
        more={
            "ses_fee_usd": SES_USD_PER_MILLION,
            "terms": terms,
            "messages_per_recipient": messages,
            "lambda_assumes": ASSUMED,
        },
    )


def _start(container: Container) -> CampaignId:
    made = container.campaigns.create(
        name="News", list_id=LIST, purpose=PurposeId("newsletter"), content=CONTENT
    ).campaign
    container.campaign_tests.send(made.id, "tester@example.org")
    container.campaigns.act(made.id, Act.SEND)
    return made.id


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
    world.__dict__["sender"] = SesSender(configuration_set="kvitto", clock=world.clock)
    return world


def _deliver(container: Container, campaign_id: CampaignId) -> Sent:
    """Plan every shard and deliver every run, as the queues' handlers would."""
    sent = Sent()
    _plan_and_send(container, campaign_id, sent)
    return sent


def _deliver_counted(
    container: Container, endpoint: NullEndpoint, campaign_id: CampaignId
) -> tuple[Sent, Counted, Counted]:
    sent, marks = Sent(), [endpoint.counted()]
    _plan_and_send(container, campaign_id, sent, lambda: marks.append(endpoint.counted()))
    marks.append(endpoint.counted())
    return sent, since(marks[0], marks[1]), since(marks[1], marks[2])


def _plan_and_send(
    container: Container,
    campaign_id: CampaignId,
    sent: Sent,
    planned: Callable[[], None] = lambda: None,
) -> None:
    with metered(sent.plan):
        sizes = {shard: container.shard_planner.plan(campaign_id, shard) for shard in SHARDS}
    planned()
    runs = [
        run
        for shard, count in sizes.items()
        for run in runs_of(campaign_id, shard, -(-count // CHUNK))
    ]
    with metered(sent.send):
        for run in runs:
            container.run_worker.deliver(run, container.clock.now_ms() + WORKER_MS)
    sent.people, sent.runs = sum(sizes.values()), len(runs)
    sent.chunks = sum(run.count for run in runs)


def _require_everybody_sent(container: Container, campaign_id: CampaignId, size: int) -> None:
    """Raise unless the store says that all were sent: a fast way to send nothing is no figure."""
    seen = container.campaigns.get(campaign_id)
    if (seen.status, seen.progress.sent) != (CampaignStatus.SENT, size):
        raise AssertionError(f"sent {seen.progress.sent} of {size}")


def _floor(size: int, *, with_stores: bool) -> float:
    """Return CPU seconds per 1,000 of the least that mails them: no ledger, claims or rules."""
    world = new_world()
    state = subscriber_state()
    template = Environment(autoescape=True).from_string(CONTENT.html)
    brand, mailing_list = world.brands.get(DEMO_FORM.brand), world.lists.get(LIST)
    sample = world.samples.sample(brand, mailing_list, CONTENT)
    rows = [dict(dynamo_rows(person)) for person in people(size, ORIGIN, state)]

    def send() -> None:
        for start in range(0, size, CHUNK):
            chunk = rows[start : start + CHUNK]
            if with_stores:
                _bare_stores(chunk)
            _bare_send([template.render(first_name="Reader", list="News") for _ in chunk], sample)

    return cpu_of(send, tries=2) / size * 1000


def _bare_send(pages: Sequence[str], sample: object) -> None:
    text = getattr(sample, "text", "")
    entries = [
        {
            "Destination": {"ToAddresses": ["reader@example.org"]},
            "ReplacementTags": [{"Name": name, "Value": "x" * 20} for name in "cra"],
            "ReplacementHeaders": [
                {
                    "Name": "List-Unsubscribe",
                    "Value": "<https://mail.example.org/" + "x" * 90 + ">",
                },
                {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            ],
            "ReplacementEmailContent": {
                "ReplacementTemplate": {
                    "ReplacementTemplateData": json.dumps(
                        {"subject": "News", "html": page, "text": text}
                    )
                }
            },
        }
        for page in pages
    ]
    remaining = iter(entries)
    while batch := list(islice(remaining, FLOOR_CALL)):
        aws.client("sesv2").send_bulk_email(
            FromEmailAddress="news@example.org",
            ConfigurationSetName="kvitto",
            DefaultContent={
                "Template": {
                    "TemplateContent": {"Subject": "{{subject}}", "Html": "{{html}}"},
                    "TemplateData": "{}",
                }
            },
            BulkEmailEntries=batch,
        )


def _bare_stores(chunk: Sequence[dict[str, dict[str, object]]]) -> None:
    """Make the store requests no safe chunk can do without: two reads, its rows, four updates."""
    dynamodb = aws.client("dynamodb")

    def keys(table: str) -> dict[str, object]:
        return {"Keys": [{"pk": row[table]["pk"], "sk": row[table]["sk"]} for row in chunk]}

    dynamodb.batch_get_item(RequestItems={AUDIENCE: keys(AUDIENCE), VAULT: keys(VAULT)})
    dynamodb.batch_get_item(RequestItems={LEDGER: keys(LEDGER)})
    for start in range(0, len(chunk), 25):
        puts = [
            {"PutRequest": {"Item": {**row[VAULT], "campaign": {"S": "x" * 22}}}}
            for row in chunk[start : start + 25]
        ]
        dynamodb.batch_write_item(RequestItems={"floor": puts})
    for step in range(4):
        dynamodb.update_item(
            TableName="floor",
            Key={"pk": {"S": "chunk"}, "sk": {"S": "0"}},
            UpdateExpression="SET #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": str(step)}},
        )

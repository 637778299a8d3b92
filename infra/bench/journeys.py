# SPDX-License-Identifier: Apache-2.0
"""Sign-up, confirmation mail, confirmation and unsubscribe, and sequencing what they wrote.

It guarantees the same people through the same services twice: over in-memory ports, and over the
real adapters against the null AWS.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import cast

from chalicelib.adapters import aws
from chalicelib.bootstrap import Container
from chalicelib.domain.events import Via
from chalicelib.domain.ids import EventId, SubjectId, decode_id
from chalicelib.domain.signup import Mail
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Message
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.confirmation import LinkStatus
from infra.bench.line import Line, Meter, cpu_of, metered
from infra.bench.prices import ASSUMED, SES_USD_PER_MILLION, USD_PER_MILLION, Counted, bill
from infra.bench.sink import NullEndpoint, TappedQueues, TappedSender, null_aws, real_container
from infra.bench.sink import since as counted_since
from infra.bench.worlds import BROWSER, UNBOUND, new_world
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import Moment

OPT_IN = ("form_page", "sign_up", "confirmation_mail", "confirm_page", "confirm")
STEPS = (*OPT_IN, "unsubscribe", "sequence")
ENTRIES = 3
"""What a double opt-in adds to the ledger: requested, mail_sent, confirmed."""
ROUNDS = 3
"""Walks over the real adapters; the least CPU time of each step counts."""
PAGES_AND_POSTS = 4
"""HTTP requests of a double opt-in."""
TAKEN_AT_ONCE = 10
"""Messages in one ReceiveMessage or DeleteMessageBatch. Source: Amazon SQS API Reference."""
HTTP_GB = 1.0
WORKER_GB = {"confirmation_mail": 0.25, "sequence": 0.5}
"""Memory of the functions, as .chalice/config.json sets it."""
TICKED = {"newsletter": "yes"}
_CONFIRM = re.compile(r"/confirm/([A-Za-z0-9_-]+)")


@dataclass(slots=True, kw_only=True)
class Walked:
    """What each step cost, for all who walked."""

    meters: dict[str, Meter] = field(default_factory=lambda: {step: Meter() for step in STEPS})
    counts: dict[str, Counted] = field(default_factory=dict)
    entries: int = 0


class Walk:
    """Takes people through the journeys of a container, one step at a time for all of them.

    Args:
        last_mail: returns the newest service mail.
        last_request: returns the newest message of the confirmations queue.
    """

    def __init__(
        self,
        container: Container,
        last_mail: Callable[[], Message],
        last_request: Callable[[], Mapping[str, object]],
    ) -> None:
        self._container = container
        self._last_mail = last_mail
        self._last_request = last_request
        self.forget()

    def prepare(self) -> None:
        """Walk one person through everything: keys are made and modules loaded at first use."""
        self.all_steps(["first@example.org"])

    def all_steps(self, addresses: list[str]) -> dict[str, Meter]:
        """Walk everybody through every step and forget them; return what each step took."""
        meters = {step: Meter() for step in STEPS}
        for step in STEPS:
            self.begin(step)
            self.run(step, addresses, meters[step])
        self.forget()
        return meters

    def begin(self, step: str) -> None:
        """Make what the step needs and a visitor would bring."""
        if step == "unsubscribe":
            self._make_unsubscribe_links()

    def run(self, step: str, addresses: list[str], meter: Meter) -> int:
        """Do one step for everybody; return how many entries it sequenced, if that is the step."""
        container = self._container
        if step == "sequence":
            with metered(meter):
                return container.sequencer.run()
        for number, email in enumerate(addresses):
            if step == "form_page":
                with metered(meter):
                    container.signup.form("demo")
            elif step == "sign_up":
                # A network each, as visitors have: one network's budget would soon be used.
                session = replace(BROWSER, network=f"192.0.2.{number}")
                with metered(meter):
                    container.signup.submit("demo", {"email": email, **TICKED}, session, "en")
                self._requests.append(EventId(str(self._last_request()["request"])))
            elif step == "confirmation_mail":
                self._mail(self._requests[number], meter)
            elif step == "confirm_page":
                with metered(meter):
                    container.confirmation.look(self._confirm_links[number])
            elif step == "confirm":
                with metered(meter):
                    link = container.confirmation.confirm(self._confirm_links[number], BROWSER)
                _require(link.status is LinkStatus.CONFIRMED, step)
                self._confirmed.append(link.token.sid)
            else:
                token = self._unsubscribe_links[number]
                with metered(meter):
                    done = container.unsubscribe.withdraw(token, BROWSER, Via.LIST_UNSUB_POST)
                    container.unsubscribe.extent(done)
                _require(done.withdrawn, step)
        return 0

    def _mail(self, request: EventId, meter: Meter) -> None:
        with metered(meter):
            kind = self._container.confirmation_mail.send(request)
        _require(kind is Mail.CONFIRM, "confirmation_mail")
        found = _CONFIRM.search(self._last_mail().text)
        _require(found is not None, "confirmation_mail")
        self._confirm_links.append(found[1] if found else "")

    def _make_unsubscribe_links(self) -> None:
        """Make the tokens that a campaign mail to each who confirmed would carry."""
        brand = bytes.fromhex(DEMO_BRAND.code)
        for sid in self._confirmed:
            payload = LinkPayload(sid=decode_id(sid), brand=brand, delivery=b"d" * 12)
            token = self._container.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)
            self._unsubscribe_links.append(token)

    def forget(self) -> None:
        """Start over with nobody."""
        self._requests: list[EventId] = []
        self._confirm_links: list[str] = []
        self._confirmed: list[SubjectId] = []
        self._unsubscribe_links: list[str] = []


def journeys(size: int) -> Iterator[Line]:
    """Print each step's CPU, calls by port, AWS requests and capacity, then a million's cost."""
    memory, ports = _in_memory(size)
    with null_aws() as endpoint:
        container = real_container(endpoint)
        per_call_s = bare_call_s(container.settings.ledger_table)
        real = _on_null_aws(container, endpoint, size)
    entries = real.entries
    for step in STEPS:
        share = entries if step == "sequence" else size
        yield _line(step, share, memory.meters[step], real, ports[step], per_call_s)
    yield _cost(real, size)


def _line(
    step: str, share: int, memory: Meter, real: Walked, ports: Counter[str], per_call_s: float
) -> Line:
    counted = real.counts[step].scaled(1 / share)
    requests = sum(counted.requests.values())
    return Line(
        bench=f"journey.{step}",
        value=real.meters[step].cpu_s / share * 1000,
        unit="CPU ms per entry" if step == "sequence" else "CPU ms each",
        floor=per_call_s * requests * 1000 if requests else None,
        floor_is="as many bare SDK calls" if requests else None,
        n=share,
        cpu_s=real.meters[step].cpu_s,
        calls=counted.requests,
        more={
            "requests": requests,
            "write_units": counted.write_units,
            "read_units": counted.read_units,
            "cpu_ms_in_memory": memory.cpu_s / share * 1000,
            "port_calls": {name: count / share for name, count in sorted(ports.items())},
        },
    )


def _cost(real: Walked, size: int) -> Line:
    """Price a double opt-in: three entries, and their part of a busy log."""
    parts = {step: _each(real, step, size) for step in OPT_IN}
    parts["sequence"] = _each(real, "sequence", real.entries).scaled(ENTRIES)
    total = reduce(Counted.plus, parts.values())
    gb_s = sum(part.gb_s(WORKER_GB.get(step, HTTP_GB)) for step, part in parts.items())
    quantities = total.quantities()
    sent = quantities["sqs.request"]
    quantities |= {
        "lambda.request": PAGES_AND_POSTS + 1.0 / TAKEN_AT_ONCE,
        "lambda.gb_s": gb_s,
        "sqs.request": sent * (1.0 + 2.0 / TAKEN_AT_ONCE),
    }
    alone = {"sqs.request": 3.0 * sent, "lambda.request": PAGES_AND_POSTS + 1.0}
    usd, terms = bill(quantities)
    run = _each(real, "sequence", 1).quantities()
    fixed = {name: run.get(name, 0.0) for name in ("s3.put", "s3.get", "kms.sign")}
    return Line(
        bench="cost.double_opt_in",
        value=usd,
        unit="USD per million double opt-ins, the fees of SES and API Gateway apart",
        n=size,
        more={
            "ses_fee_usd": SES_USD_PER_MILLION,
            "api_gateway_usd": PAGES_AND_POSTS * USD_PER_MILLION["api_gateway.request"],
            "usd_of_requests_alone": usd - terms["lambda.gb_s"]["usd"],
            "terms": terms,
            "entries_per_sequencer_run": real.entries,
            "usd_per_million_sequencer_runs": bill(fixed)[0],
            "usd_more_when_messages_come_alone": bill(alone)[0]
            - bill({name: quantities[name] for name in alone})[0],
            "lambda_assumes": ASSUMED,
        },
    )


def _each(real: Walked, step: str, share: int) -> Counted:
    counted = real.counts[step]
    spent = Counted(
        requests=counted.requests,
        write_units=counted.write_units,
        read_units=counted.read_units,
        cpu_s=real.meters[step].cpu_s,
    )
    return spent.scaled(1 / share)


def _in_memory(size: int) -> tuple[Walked, dict[str, Counter[str]]]:
    world = new_world(**UNBOUND)
    walk = Walk(
        world,
        lambda: world.mails[-1].message,
        lambda: world.queues.take(Queue.CONFIRMATIONS)[-1],
    )
    walk.prepare()
    walked, ports = Walked(), {}
    for step in STEPS:
        walk.begin(step)
        ports[step] = counter = Counter[str]()
        world.faults = counting(counter)
        walk.run(step, addresses(size), walked.meters[step])
    return walked, ports


def counting(counter: Counter[str]) -> Callable[[str, Moment], None]:
    """Return what counts each port's call in ``counter``; for a world's ``faults``."""

    def count(call: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            counter[call] += 1

    return count


def _on_null_aws(container: Container, endpoint: NullEndpoint, size: int) -> Walked:
    queues = cast("TappedQueues", container.queues)
    sender = cast("TappedSender", container.sender)
    walk = Walk(container, lambda: sender.mails[-1], lambda: queues.last[Queue.CONFIRMATIONS])
    walk.prepare()
    walked = Walked()
    for step in STEPS:
        walk.begin(step)
        before = endpoint.counted()
        walked.entries = walk.run(step, addresses(size), walked.meters[step])
        walked.counts[step] = counted_since(before, endpoint.counted())
    for others in range(1, ROUNDS):
        walk.forget()
        for step, meter in walk.all_steps(addresses(size, others)).items():
            walked.meters[step] = min(walked.meters[step], meter, key=lambda x: x.cpu_s)
    return walked


def bare_call_s(table: str, calls: int = 200) -> float:
    """Return the CPU time of one bare SDK call that reads a small item."""
    dynamodb = aws.client("dynamodb")
    key = {"pk": {"S": "HEAD"}, "sk": {"S": "HEAD"}}

    def read() -> None:
        for _ in range(calls):
            dynamodb.get_item(TableName=table, Key=key)

    return cpu_of(read) / calls


def addresses(size: int, group: int = 0) -> list[str]:
    """Return ``size`` addresses, others for each group."""
    return [f"visitor{group * size + number}@example.org" for number in range(size)]


def _require(held: bool, step: str) -> None:  # noqa: FBT001 -- a condition, not a mode
    if not held:
        raise AssertionError(f"the step {step} did not do its work")

# SPDX-License-Identifier: Apache-2.0
"""The null AWS as the measuring process sees it, and the product's container pointed at it.

It guarantees that nothing of the developer's own AWS configuration is read: region, credentials
and every endpoint are set here, for this process.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters import aws
from chalicelib.adapters.ses import SesSender
from chalicelib.adapters.ses_mode import SendMode
from chalicelib.adapters.sqs import SqsQueues
from chalicelib.bootstrap import Container
from chalicelib.config import Settings
from chalicelib.domain.dns_records import DnsAnswer, DnsKind, Records
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import BulkMail, Message, Sent
from chalicelib.ports.system import Clock
from infra.bench.null_aws import CONTROL
from infra.bench.people import AUDIENCE, CONTROLLER, LEDGER, VAULT
from infra.bench.prices import Counted
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from tests.support.clock import FakeClock

ORIGIN = "mail.example.org/ledger"
ANSWER_S = 900
"""A hundred thousand people take their time to be made."""
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class NullEndpoint:
    """The child's address and its counters."""

    url: str

    def counted(self) -> Counted:
        """Return everything counted since the child started."""
        found = self._control("counts")
        return Counted(
            requests=found["requests"],
            write_units=found["write_units"],
            read_units=found["read_units"],
        )

    def set_ses(self, *, per_second: int, latency_ms: int) -> None:
        """Let SES allow and take so much, from now on."""
        self._control("ses", {"per_second": per_second, "latency_ms": latency_ms})

    def keep_conditions(self) -> None:
        """Let single puts and updates fail whose condition is not met, from now on."""
        self._control("checks")

    def arrivals(self) -> list[tuple[float, int]]:
        """Return when each request to send came, in seconds of a clock, and its recipients."""
        found = self._control("arrivals")["arrivals"]
        return [(at_s, people) for at_s, people in found]

    def sent_bytes(self) -> int:
        """Return the size of all requests to send, bytes."""
        return int(self._control("counts")["ses_bytes"])

    def add_people(self, count: int, state: str) -> None:
        """Let ``count`` subscribers be there, each with this folded state."""
        self._control("people", {"count": count, "origin": ORIGIN, "state": state})

    def add_crowd(self, count: int) -> None:
        """Let the audience and the vault be those of ``count`` people, made as they are read."""
        self._control("crowd", {"count": count, "origin": ORIGIN})

    def _control(self, act: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        data = json.dumps(body or {}).encode()
        with closing(_OPENER.open(f"{self.url}{CONTROL}{act}", data, timeout=ANSWER_S)) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


def since(before: Counted, after: Counted) -> Counted:
    """Return what was counted between two readings."""
    spent = after.plus(before.scaled(-1))
    return Counted(
        requests={name: count for name, count in spent.requests.items() if count},
        write_units=spent.write_units,
        read_units=spent.read_units,
    )


@contextmanager
def null_aws() -> Iterator[NullEndpoint]:
    """Run the null AWS beside this process, whose SDK talks to nothing else meanwhile."""
    saved = dict(os.environ)
    with _child() as url:
        try:
            _point_sdk_at(url)
            yield NullEndpoint(url=url)
        finally:
            aws.forget_clients()
            os.environ.clear()
            os.environ.update(saved)


@contextmanager
def ses_apart() -> Iterator[NullEndpoint]:
    """Run SES in a further process, so that no other service delays when a call is seen there."""
    with _child() as url:
        os.environ["AWS_ENDPOINT_URL_SESV2"] = url
        aws.forget_clients()
        yield NullEndpoint(url=url)


@contextmanager
def _child() -> Iterator[str]:
    """Run a null AWS; its address."""
    child = subprocess.Popen(
        [sys.executable, "-m", "infra.bench.null_aws"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(child.stdout.readline()) if child.stdout else 0
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.communicate()


def _point_sdk_at(url: str) -> None:
    for name in [x for x in os.environ if x.startswith("AWS_") or x.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    aws.forget_clients()


class TappedQueues(SqsQueues):
    """SQS, with the last message of each queue kept for whoever plays the consumer."""

    def __init__(self, urls: Mapping[Queue, str]) -> None:
        super().__init__(urls)
        self.last: dict[Queue, dict[str, object]] = {}

    def send(self, queue: Queue, body: dict[str, object], delay_s: int = 0) -> None:
        """Send, and keep."""
        super().send(queue, body, delay_s)
        self.last[queue] = body


class TappedSender(SesSender):
    """SES, with the last service mail kept for whoever plays its reader, and the last call."""

    def __init__(
        self, *, configuration_set: str, clock: Clock, mode: SendMode = SendMode.AUTO
    ) -> None:
        super().__init__(configuration_set=configuration_set, clock=clock, mode=mode)
        self.mails: deque[Message] = deque(maxlen=1)
        self.calls: deque[BulkMail] = deque(maxlen=1)

    def send_one(self, sender: str, message: Message) -> Sent:
        """Send, and keep."""
        self.mails.append(message)
        return super().send_one(sender, message)

    def send_bulk(self, sender: str, mail: BulkMail) -> tuple[Sent, ...]:
        """Send, and keep."""
        self.calls.append(mail)
        return super().send_bulk(sender, mail)


class EveryoneTakesMail:
    """`ports.dns.Dns` that answers at once: what a look-up waits for is no work of ours."""

    def ask(self, name: str, kind: DnsKind, within_ms: int) -> Records:
        """Return one record."""
        del within_ms
        value = f"10 mx.{name}" if kind == "MX" else name
        return Records(answer=DnsAnswer.FOUND, values=(value,))


def another_container(
    endpoint: NullEndpoint, clock: Clock, mode: SendMode = SendMode.AUTO
) -> Container:
    """Return what another worker on the same null AWS is made of; it shares the SDK's clients."""
    settings = _settings(endpoint.url)
    container = Container(settings)
    queues = {queue: getattr(settings, f"{queue}_queue") for queue in Queue}
    container.__dict__ |= {  # What cached_property would have made.
        "clock": clock,
        "dns": EveryoneTakesMail(),
        "queues": TappedQueues(queues),
        "sender": TappedSender(
            configuration_set=settings.configuration_set, clock=clock, mode=mode
        ),
    }
    return container


def real_container(
    endpoint: NullEndpoint, mode: SendMode = SendMode.AUTO, clock: Clock | None = None
) -> Container:
    """Return the product as deployed, on the null AWS, with the demo brand, list and form.

    Its clock stands still but for sleeping, so that no cache ages and no rate slot is waited for.

    Args:
        mode: how campaign mail leaves.
        clock: another one, for who measures waiting.
    """
    clock = clock or FakeClock()
    container = another_container(endpoint, clock, mode)
    settings = container.settings
    # The slot of a campaign under way: it is not free before now, so one update reserves.
    aws.client("dynamodb").put_item(
        TableName=settings.campaigns_table,
        Item={
            "pk": {"S": "RATE"},
            "sk": {"S": "SES"},
            "v": {"N": "1"},
            "free_us": {"N": str(clock.now_ms() * 1000)},
        },
    )
    # People come with keys wrapped under the first epoch; wrapping once makes it.
    container.wrapper.wrap(bytes(16), bytes(32))
    container.setup.add_brand(DEMO_BRAND)
    container.setup.add_list(DEMO_LIST.id, DEMO_BRAND.id, DEMO_LIST.name)
    container.setup.add_form(DEMO_FORM)
    return container


def _settings(url: str) -> Settings:
    return Settings(
        base_url="https://mail.example.org",
        ledger_origin=ORIGIN,
        controller=CONTROLLER,
        ledger_table=LEDGER,
        vault_table=VAULT,
        audience_table=AUDIENCE,
        campaigns_table="kvitto-campaigns",
        activity_table="kvitto-activity",
        bucket="kvitto-store",
        **{f"{queue}_queue": f"{url}/000000000000/kvitto-{queue}" for queue in Queue},
        vault_key="alias/kvitto-vault",
        address_key="alias/kvitto-address",
        links_key="alias/kvitto-links",
        log_key="kms:alias/kvitto-log",
        configuration_set="kvitto",
        signups_per_hour=1_000_000,
        plain_signups_per_hour=1_000_000,
        form_signups_per_hour=1_000_000,
        keep_unconfirmed_days=30,
        keep_orders_days=1_095,
        keep_waiting_days=365,
        vault_recovery_days=7,
        # Whether a sender is ready is asked once a campaign, of SES and DNS, which are not here.
        bulk_from=10**9,
    )

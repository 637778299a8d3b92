# SPDX-License-Identifier: Apache-2.0
"""SES's events through the handler that gets them: read, joined, sealed and stored.

It guarantees SES's own JSON about people who walked the real double opt-in, over in-memory ports,
so that the SDK and the network are in none of the rates; and requests by kind against the null
AWS. The floor of a rate is reading the same bytes and sealing them once each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import CampaignId, DeliveryId, EventId, SubjectId, encode_id
from chalicelib.ports.sending import DeliveryRow, DeliverySeen
from infra.bench.campaign_costs import BATCH, handle_events, sent_campaign
from infra.bench.journeys import counting
from infra.bench.line import Line, Meter, cpu_of
from infra.bench.sink import null_aws, since
from infra.bench.worlds import BROWSER, UNBOUND, new_world
from infra.local import ses_events as ses
from infra.local.ses_message import Destination, Draft, Mail
from tests.support.clock import START_MS

PEOPLE: Final = 200
"""Subscribers the events are about, at most."""
TRIES: Final = 3
"""The least CPU time of so many fresh worlds counts."""
SEND, DELIVERY, SOFT, DELAY = "Send", "Delivery", "soft bounce", "DeliveryDelay"
PERMANENT, COMPLAINT, SERVICE = "permanent bounce", "Complaint", "Delivery of a service mail"
MIX: Final = {SEND: 1_000, DELIVERY: 985, SOFT: 6, DELAY: 3, PERMANENT: 5, COMPLAINT: 1}
"""Events of a thousand mails of a campaign."""
SEALED: Final = {SOFT: 1, DELAY: 1, SERVICE: 1}
"""Events each of which is read, joined and sealed, and none of which appends."""
SUPPRESSING: Final = {PERMANENT: 1}
_CAMPAIGN: Final = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")
_AT_MS: Final = START_MS + 1_000
_LATER_MS: Final = START_MS + DAY_MS
"""After everybody has confirmed: an earlier event would count no more."""
_TO, _MESSAGE, _TAGS = "reader@example.org", "0110018c2f6b1a2b-00000000-4c0f-4b1e-9d57", "TAGS"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Somebody events are about."""

    email: str
    sid: SubjectId
    request: EventId


def rates(size: int) -> Iterator[Line]:
    """Print how many events a core takes in a second: a campaign's, and those that are sealed."""
    for bench, mix in (("ses.events", MIX), ("ses.sealed", SEALED)):
        yield _rate(bench, _spread(mix, size))
    yield _rate("ses.suppressing", _spread(SUPPRESSING, min(size, PEOPLE)))


def calls(size: int) -> Iterator[Line]:
    """Print the requests that one event of each kind makes, each about another person."""
    with null_aws() as endpoint:
        container, mails = sent_campaign(endpoint, size * len(MIX))
        for place, kind in enumerate(MIX):
            mine = mails[place * size : (place + 1) * size]
            bodies = [
                _written(kind, mail.entry.to, dict(mail.entry.tags), mail.message_id, _LATER_MS)
                for mail in mine
            ]
            before, meter = endpoint.counted(), Meter()
            handle_events(container, _batches(bodies), meter)
            spent = since(before, endpoint.counted()).scaled(1 / size)
            yield Line(
                bench="ses.calls",
                value=sum(spent.requests.values()),
                unit="requests each",
                n=size,
                cpu_s=meter.cpu_s,
                calls=spent.requests,
                more={
                    "kind": kind,
                    "read_units": spent.read_units,
                    "write_units": spent.write_units,
                },
            )


def _rate(bench: str, kinds: Sequence[str]) -> Line:
    spent, ports, bodies = [], Counter[str](), []
    for _ in range(TRIES):
        world, readers = _world(min(len(kinds), PEOPLE))
        bodies = list(_bodies(world, readers, kinds))
        ports = Counter[str]()
        world.faults = counting(ports)
        meter = Meter()
        handle_events(world, _batches(bodies), meter)
        spent.append(meter.cpu_s)
    floor_s = cpu_of(lambda: _least(bodies))
    return Line(
        bench=bench,
        value=len(bodies) / min(spent),
        unit="events a second of one core",
        n=len(bodies),
        cpu_s=min(spent),
        floor=len(bodies) / floor_s,
        floor_is="orjson, and one AES-256-GCM seal of the same bytes",
        more={
            "bytes_each": sum(map(len, bodies)) / len(bodies),
            "mix": Counter(kinds),
            "port_calls": {name: n / len(bodies) for name, n in sorted(ports.items())},
        },
    )


def _least(bodies: Sequence[str]) -> None:
    """The least that could read an event and keep it sealed."""
    key = AESGCM(bytes(32))
    for number, body in enumerate(bodies):
        orjson.loads(body)
        key.encrypt(number.to_bytes(12, "big"), body.encode(), b"")


def _spread(mix: dict[str, int], size: int) -> list[str]:
    """Return ``size`` kinds in the shares of ``mix``, those of each kind spread over the whole."""
    whole = sum(mix.values())
    kinds: list[tuple[float, str]] = []
    for kind, share in mix.items():
        count = max(1, round(size * share / whole))
        kinds += [((place + 0.5) / count, kind) for place in range(count)]
    return [kind for _, kind in sorted(kinds)]


def _world(people: int) -> tuple[Any, list[_Reader]]:
    world = new_world(**UNBOUND)
    readers = []
    for number in range(people):
        email = f"reader{number:04d}@example.org"
        request = world.sign_up(email)
        world.settle()
        link = world.confirmation.confirm(world.confirm_token(email), BROWSER)
        readers.append(_Reader(email=email, sid=link.token.sid, request=request))
    world.settle()
    world.time.advance(DAY_MS)
    return world, readers


def _bodies(world: Any, readers: Sequence[_Reader], kinds: Sequence[str]) -> Iterator[str]:
    """Yield the events, a second apart; who a row of a mail is needed for gets one."""
    for number, kind in enumerate(kinds):
        reader = readers[number % len(readers)]
        delivery = DeliveryId(encode_id(number.to_bytes(12, "big")))
        place = f"{number % 16:x}-{number // 800}-{number // 16 % 50}"
        tags = {"c": _CAMPAIGN, "r": delivery, "a": place}
        if kind == SERVICE:
            tags = {"m": reader.request}
        elif kind not in (SEND, DELIVERY):
            _keep_row(world, reader, delivery, place)
        at_ms = _LATER_MS + number * 1_000
        yield _written(kind, reader.email, tags, f"{_MESSAGE}-{number:012d}", at_ms)


def _keep_row(world: Any, reader: _Reader, delivery: DeliveryId, place: str) -> None:
    row = DeliveryRow(
        delivery=delivery,
        campaign=_CAMPAIGN,
        sid=reader.sid,
        chunk=place,
        basis="consent",
        entry=1,
        measured=False,
        at_ms=START_MS,
    )
    seen = DeliverySeen(row=row, event=None, event_ms=None, message_id=None)
    world.sending_rows.deliveries[delivery] = seen


def _batches(bodies: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(bodies), BATCH):
        yield bodies[start : start + BATCH]


def _written(kind: str, to: str, tags: dict[str, str], message_id: str, at_ms: int) -> str:
    """Return an event of one mail as SES publishes it."""
    written = orjson.dumps({name: [value] for name, value in tags.items()}).decode()[1:-1]
    return (
        _sample(kind)
        .replace(f'"{_TAGS}":["{_TAGS}"]', written)
        .replace(_TO, to)
        .replace(_MESSAGE, message_id)
        .replace(ses.timestamp(_AT_MS), ses.timestamp(at_ms))
    )


@cache
def _sample(kind: str) -> str:
    """Return an event about nobody; writing the mail of each would take longer than the rest."""
    mail = Mail(
        message_id=_MESSAGE,
        draft=Draft(
            sender="Demo <news@example.org>",
            destination=Destination(to=(_TO,)),
            subject="News for a reader",
            html="<p>News</p>",
            text="News",
            headers=(
                ("List-Unsubscribe", f"<https://mail.example.org/unsubscribe/{'t' * 100}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("List-Id", "Newsletter <newsletter.demo.mail.example.org>"),
            ),
        ),
        tags={_TAGS: _TAGS},
        configuration_set="kvitto",
        operation="SendBulkEmail",
        region="eu-north-1",
        accepted_ms=START_MS,
    )
    fates = {
        DELIVERY: ses.delivery(_TO),
        SERVICE: ses.delivery(_TO),
        SOFT: ses.bounce(_TO, bounce_type="Transient"),
        DELAY: ses.delivery_delay(_TO),
        PERMANENT: ses.bounce(_TO),
        COMPLAINT: ses.complaint(_TO),
    }
    return ses.record(mail, fates.get(kind), now_ms=_AT_MS)

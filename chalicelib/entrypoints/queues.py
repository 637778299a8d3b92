# SPDX-License-Identifier: Apache-2.0
"""What each queue's consumer does with one message: ids alone, but for SES's own events.

Every consumer names its idempotency key: a queue delivers at least once and in no promised order.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.domain.ids import SHARDS, BrandId, EventId, SubjectId
from chalicelib.entrypoints._runtime import BatchAnswer, Event, batch, gathered, read_message
from chalicelib.entrypoints.received_mail import local_parts
from chalicelib.errors import BadToken, InputError
from chalicelib.ports.outside import Queue

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.folding import EventBatch


@batch
def send_confirmations(container: "Container", body: str) -> None:
    """Mail the answer to a request, a link to one's own data, a change of address, or a message.

    Idempotency key: the request's event id; of a link, the claim on its reader's next 15 minutes;
    of the notice of a change, person and entry; of a message, its own id.
    """
    message = read_message(body)
    if "address" in message:
        sid = SubjectId(_text(message, "address"))
        container.address_mail.ask(sid, _text(message, "wish"))
    elif "moved" in message:
        sid, language = SubjectId(_text(message, "moved")), _text(message, "language")
        container.address_mail.tell(sid, _number(message, "entry"), language)
    elif "access" in message:
        sid = SubjectId(_text(message, "access"))
        brand, page = BrandId(_text(message, "brand")), _text(message, "page")
        container.access_mail.send(sid, brand, _text(message, "language"), page)
    elif "message" in message:
        container.message_mail.send(_text(message, "message"))
    else:
        container.confirmation_mail.send(EventId(_text(message, "request")))


@batch
def plan_campaigns(container: "Container", body: str) -> None:
    """Plan one shard of a campaign, or try it. Idempotency key: campaign or dry run, and shard."""
    message = read_message(body)
    campaign, shard = _text(message, "campaign"), _shard(message)
    if "dry" in message:
        container.dry_run_shards.work(campaign, shard, _text(message, "dry"))
    else:
        container.shard_planner.plan(campaign, shard)


def send_chunks(event: Event, left_ms: Callable[[], int]) -> BatchAnswer:
    """Send runs of chunks. Idempotency key: campaign, shard and chunk.

    Args:
        left_ms: says how long this worker still has.
    """

    def send(container: "Container", body: str) -> None:
        from chalicelib.services.runs import run_of  # noqa: PLC0415  # as `parts` says

        message = read_message(body, versions=(1, 2))
        _text(message, "campaign")
        _shard(message)
        for name in ("number",) if message["v"] == 1 else ("first", "count"):
            _number(message, name)
        container.run_worker.deliver(run_of(message), container.clock.now_ms() + left_ms())

    send.__name__ = "send_chunks"
    return batch(send)(event)


def _events(container: "Container") -> "EventBatch":
    return container.folding.batch()


record_ses_events = gathered(_events, "record_ses_events")
"""Fold SES's events into what we know. Idempotency key: of campaigns' mails their place; else
message id, type, recipient and time."""


@batch
def receive_mails(container: "Container", body: str) -> None:
    """Unsubscribe who wrote to an address of ours. Idempotent: a repeat appends nothing.

    Reads whom the envelope names and nothing else of the mail; an address we did not make is
    passed over, and so never answered.

    Raises:
        InputError: the message is no notice of a mail.
    """
    for local_part in local_parts(body, container.settings.inbound_domain):
        try:
            container.unsubscribe.withdraw_by_mail(local_part)
        except BadToken:
            continue


def _sequence(container: "Container", body: str) -> None:
    """Sequence whatever waits. Idempotent: the head moves by compare-and-swap."""
    read_message(body)
    container.sequencer.run()


def _pass_on(container: "Container", body: str) -> None:
    """Have forgotten what an entry of this message ended. Idempotency key: the person."""
    message = read_message(body)
    if "forget" in message:
        told: dict[str, object] = {"v": 1, "forget": _text(message, "forget")}
        container.queues.send(Queue.SEGMENTS, told)


sequence_ledger = batch(_sequence, once=True, each=_pass_on)


@batch
def build_proofs(container: "Container", body: str) -> None:
    """Work on one proof; it queues itself again while it waits. Idempotency key: the job id."""
    container.proofs.build(_text(read_message(body), "job"))


@batch
def anchor_checkpoints(container: "Container", body: str) -> None:
    """Have one checkpoint stamped with the time. Idempotency key: its size.

    Raises:
        InputError: the message names no size.
    """
    size = read_message(body).get("size")
    if type(size) is not int or size < 1:
        raise InputError(code="bad_message", detail="A checkpoint's size is a whole number.")
    container.anchoring.anchor(size)


@batch
def erase_subjects(container: "Container", body: str) -> None:
    """Erase one person. Idempotency key: the erasure's id, or the request or claim it is by."""
    message = read_message(body)
    if "unconfirmed" in message:
        container.unconfirmed.erase(EventId(_text(message, "unconfirmed")))
    elif "waiting" in message:
        container.unconfirmed.erase_waiting(EventId(_text(message, "waiting")))
    else:
        container.erasures.perform(_text(message, "erasure"))


def _text(message: dict[str, object], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(code="bad_message", detail=f"A queue message lacks its {name}.")
    return value


def _number(message: dict[str, object], name: str) -> int:
    value = message.get(name)
    if type(value) is not int or value < 0:
        raise InputError(code="bad_message", detail=f"A message's {name} is a whole number from 0.")
    return value


def _shard(message: dict[str, object]) -> str:
    shard = _text(message, "shard")
    if shard not in SHARDS:
        raise InputError(code="bad_message", detail="A shard is one hex digit.")
    return shard

# SPDX-License-Identifier: Apache-2.0
"""What the consumer of the segments queue does with one message: ids alone.

Guarantees that a message nobody can read goes back by itself, so that it ends among the dead
letters and keeps no other waiting.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    RANDOM_ID_BYTES,
    SHARDS,
    CampaignId,
    DeliveryId,
    SubjectId,
    decode_id,
)
from chalicelib.entrypoints._runtime import batch, read_message
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


@batch
def evaluate_segments(container: "Container", body: str) -> None:
    """Count a segment in a shard, forget what may not be known, note what was measured, or export.

    Idempotency key: the count and its shard; the person; person, delivery and what was done; the
    export and how far it is.

    Raises:
        InputError: the message is none of the four.
    """
    message = read_message(body)
    if "count" in message:
        shard = message.get("shard")
        if shard not in SHARDS:
            raise _bad("shard")
        container.segment_counts.make_part(_id(message, "count"), str(shard))
    elif "forget" in message:
        container.forgetting.person(SubjectId(_id(message, "forget")))
    elif "hit" in message:
        _note(container, message)
    elif "export" in message:
        container.exports.make(_id(message, "export"))
    else:
        raise _bad("purpose")


def _note(container: "Container", message: dict[str, object]) -> None:
    from chalicelib.domain.facts import Measured  # noqa: PLC0415  # as `parts` says

    kinds = {measured.value: measured for measured in Measured}
    measured = kinds.get(str(message.get("kind")))
    if measured is None:
        raise _bad("kind")
    container.measured_facts.note(
        SubjectId(_id(message, "subscriber")),
        CampaignId(_id(message, "campaign")),
        DeliveryId(_id(message, "hit", DELIVERY_ID_BYTES)),
        measured,
    )


def _id(message: dict[str, object], name: str, length: int = RANDOM_ID_BYTES) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise _bad(name)
    decode_id(value, length)
    return value


def _bad(name: str) -> InputError:
    return InputError(code="bad_message", detail=f"A message about segments lacks its {name}.")

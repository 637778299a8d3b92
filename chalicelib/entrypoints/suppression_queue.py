# SPDX-License-Identifier: Apache-2.0
"""What the consumer of the suppressions queue does with one message: ids alone, never an address.

Guarantees that a message nobody can read goes back by itself, so that it ends among the dead
letters and keeps no other waiting.
"""

import logging
from typing import TYPE_CHECKING

from chalicelib.domain.ids import RANDOM_ID_BYTES, SubjectId, decode_id
from chalicelib.entrypoints._runtime import batch, read_message
from chalicelib.errors import InputError, Throttled
from chalicelib.ports.outside import Queue

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

log = logging.getLogger(__name__)

AGAIN_S = 60
"""How long work waits that a service asked to come later, seconds."""


@batch
def keep_suppressions(container: "Container", body: str) -> None:
    """Compare with SES's own list, or go on with a file that was brought in or asked for.

    Idempotency key: the person; of the list, how far it was compared; the file, and how far it is.
    Work that has to come later is queued anew: a failed message would wait for half an hour.

    Raises:
        InputError: the message is none of these.
    """
    message = read_message(body)
    try:
        _work(container, message)
    except Throttled:
        log.warning("work on suppressions is asked to come later", extra={"seconds": AGAIN_S})
        container.queues.send(Queue.SUPPRESSIONS, message, AGAIN_S)


def _work(container: "Container", message: dict[str, object]) -> None:
    if "held" in message:
        container.account_list_sync.settle(SubjectId(_id(message, "held")))
    elif message.get("sync") is True:
        container.account_list_sync.run()
    elif "import" in message:
        container.suppression_imports.run(_id(message, "import"))
    elif "export" in message:
        container.suppression_exports.make(_id(message, "export"))
    else:
        raise _bad("purpose")


def _id(message: dict[str, object], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise _bad(name)
    decode_id(value, RANDOM_ID_BYTES)
    return value


def _bad(name: str) -> InputError:
    return InputError(code="bad_message", detail=f"A message about suppressions lacks its {name}.")

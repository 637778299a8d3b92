# SPDX-License-Identifier: Apache-2.0
"""What the consumer of the imports queue does with one message: an id and the number of a lane.

Guarantees that a message nobody can read goes back by itself, so that it ends among the dead
letters and keeps no other waiting.
"""

import logging
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.ids import RANDOM_ID_BYTES, decode_id
from chalicelib.entrypoints._runtime import batch, read_message
from chalicelib.errors import Conflict, DependencyError, InputError
from chalicelib.ports.outside import Queue

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

log = logging.getLogger(__name__)

AGAIN_S: Final = 60
"""How long work waits that could not be done just now, seconds."""
WORK_MS: Final = 12 * 60 * 1000
"""How long one message is worked on, of the 15 minutes a function has: a chunk that is begun then,
and asking for the rest, take less than the others."""


@batch
def import_people(container: "Container", body: str) -> None:
    """Read the file of an import, or check or write a lane of it.

    Idempotency key: the import, what is done, and the place of the lane. Work that could not be
    done just now is queued anew: a failed message would wait for an hour and a half. It ends by
    itself, because an import has five days.

    Raises:
        InputError: the message is none of these.
    """
    message = read_message(body)
    _require_known(message)
    try:
        _work(container, message)
    except (Conflict, DependencyError) as error:
        about = {"import": message["import"], "error": type(error).__name__, "seconds": AGAIN_S}
        log.warning("work on an import has to come later", extra=about)
        container.queues.send(Queue.IMPORTS, message, AGAIN_S)


def _require_known(message: dict[str, object]) -> None:
    from chalicelib.domain.imports import LANES  # noqa: PLC0415  # few messages are about imports
    from chalicelib.services.import_work import OF_LANES, WORKS  # noqa: PLC0415  # likewise

    import_id, work, lane = message.get("import"), message.get("do"), message.get("lane")
    if not isinstance(import_id, str):
        raise _bad("import")
    decode_id(import_id, RANDOM_ID_BYTES)
    if not isinstance(work, str) or work not in WORKS:
        raise _bad("do")
    if "lane" in message and (lane not in LANES or work not in OF_LANES):
        raise _bad("lane")


def _work(container: "Container", message: dict[str, Any]) -> None:
    until_ms = container.clock.now_ms() + WORK_MS
    if "lane" in message:
        words = message["import"], message["lane"], message["do"]
        container.import_work.go_on(*words, until_ms)
    else:
        container.import_work.begin(message["import"], message["do"], until_ms)


def _bad(name: str) -> InputError:
    return InputError(code="bad_message", detail=f"A message about imports lacks its {name}.")

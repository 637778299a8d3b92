# SPDX-License-Identifier: Apache-2.0
"""What a proof is to show and why, kept sealed in the job's row until the bundle is made.

Guarantees that a row tells no recipient and no reason: the wish is sealed under the person's key,
or, once that is destroyed, under a key of the job's own that the vault's key wraps.
"""

import base64
from collections.abc import Mapping

from chalicelib.domain.ids import JobId, SubjectId, decode_id
from chalicelib.errors import NotFound
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.system import RandomBytes
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import KEY_BYTES, NONCE_BYTES, SubjectKeys
from chalicelib.services.dossier import Wish
from chalicelib.services.ledger import Ledger


class Wishes:
    """Seals and opens the wishes of jobs."""

    def __init__(self, *, ledger: Ledger, wrapper: KeyWrapper, random: RandomBytes) -> None:
        self._ledger = ledger
        self._wrapper = wrapper
        self._random = random

    def document(self, wish: Wish) -> dict[str, JsonValue]:
        """Return the wish as JSON."""
        return {
            "exporter": wish.exporter,
            "language": wish.language,
            "lists": list(wish.lists),
            "purposes": list(wish.purposes),
            "reason": wish.reason,
            "recipient": wish.recipient,
        }

    def seal(self, sid: SubjectId, job: JobId, wish: Wish) -> dict[str, str]:
        """Return the members of the job's row that hold the wish.

        Raises:
            NotFound: there is no such person, nor an erased chain of theirs.

        """
        own: dict[str, str] = {}
        try:
            keys = self._ledger.open(sid).keys
        except NotFound:
            if not self._ledger.history(sid, 0, 0):
                raise
            wrapped = self._wrapper.wrap(decode_id(sid), self._random(KEY_BYTES))
            keys = self._ledger.keys_of(sid, wrapped)
            own["key"] = _text_of(wrapped)
        plaintext = canonical.encode(self.document(wish))
        sealed = keys.seal_event(decode_id(job), plaintext, self._random(NONCE_BYTES))
        return {"wish": _text_of(sealed), **own}

    def open(self, sid: SubjectId, job: JobId, request: Mapping[str, str]) -> Wish:
        """Return the wish of a job's row.

        Raises:
            NotFound: the person was erased since, and the wish with them.
            EvidenceError: it is another job's, or was altered.

        """
        own = request.get("key")
        keys = self._ledger.keys_of(sid, base64.b64decode(own)) if own else self._living(sid)
        document = canonical.decode(
            keys.open_event(decode_id(job), base64.b64decode(request["wish"]))
        )
        if not isinstance(document, dict):
            raise NotFound("the job's wish is unreadable")
        return Wish(
            lists=_texts(document["lists"]),
            purposes=_texts(document["purposes"]),
            recipient=_text(document["recipient"]),
            reason=_text(document["reason"]),
            language=str(document["language"]),
            exporter=str(document["exporter"]),
        )

    def _living(self, sid: SubjectId) -> SubjectKeys:
        return self._ledger.open(sid).keys


def _text_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)

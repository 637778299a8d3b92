# SPDX-License-Identifier: Apache-2.0
"""Altcha: challenges that a browser solves with plain SHA-256, and their answers.

Guarantees that an answer counts only for the form and until the second its challenge was made
for. Refuses whatever the library would take more loosely: other algorithms, further members'
types, a salt without our terms.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.ports.gate import Task

ALGORITHM: Final = "SHA-256"
MAX_NUMBER: Final = 60_000
"""Numbers to try at most; half on average, measured in docs/spec/abuse.md."""
MAX_ANSWER_CHARS: Final = 2_000
_SALT = re.compile(r"[0-9a-f]{24}\?form=([a-z0-9-]{1,32})&expires=([0-9]{1,12})&")


class AltchaProofOfWork:
    """The `ProofOfWork` port by the `altcha` library (its version 1 of the protocol)."""

    max_number = MAX_NUMBER

    def challenge(self, key: bytes, task: Task) -> Mapping[str, str | int]:
        """Return the challenge as Altcha's widget and `embed.js` read it."""
        from altcha.v1 import create_challenge

        made = create_challenge(
            algorithm=ALGORITHM,
            max_number=MAX_NUMBER,
            salt_length=len(task.salt),
            hmac_key=key,
            # In this order, and closed by "&": what follows the salt can never extend its terms.
            salt=f"{task.salt.hex()}?form={task.form}",
            number=task.number,
            expires=datetime.fromtimestamp(task.expires_s, UTC),
            params=None,
        )
        return {
            "algorithm": made.algorithm,
            "challenge": made.challenge,
            "maxnumber": made.max_number,
            "salt": made.salt,
            "signature": made.signature,
        }

    def solved(self, key: bytes, form: str, answer: str, now_ms: int) -> str | None:
        """Return the challenge that ``answer`` (base64 of JSON) solves, or None."""
        from altcha.v1 import verify_solution

        found = _read(answer)
        terms = _SALT.fullmatch(found["salt"]) if found else None
        if found is None or terms is None or terms[1] != form:
            return None
        if int(terms[2]) * 1_000 < now_ms:
            return None
        # The library's own clock is not ours; the line above has judged the time.
        valid, _ = verify_solution(found, key, check_expires=False)
        return str(found["challenge"]) if valid else None


def _read(answer: str) -> Any:
    """The answer's members, or None when it is not exactly one of our kind."""
    if len(answer) > MAX_ANSWER_CHARS:
        return None
    try:
        found = json.loads(base64.b64decode(answer, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("algorithm") != ALGORITHM:
        return None
    texts = all(isinstance(found.get(name), str) for name in ("challenge", "salt", "signature"))
    return found if texts and type(found.get("number")) is int else None

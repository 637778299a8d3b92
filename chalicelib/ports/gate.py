# SPDX-License-Identifier: Apache-2.0
"""What the abuse gate asks of libraries: proof of work, and which mail domains are disposable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a challenge is made of; the same task under the same key is the same challenge.

    Attributes:
        form: id of the form it is for.
        salt: fresh random bytes.
        number: what is to be found, 0 to the largest number the challenge names.
        expires_s: last second (Unix time) at which an answer counts.
    """

    form: str
    salt: bytes
    number: int
    expires_s: int


class ProofOfWork(Protocol):
    """A puzzle that costs a browser a moment and a flood of sign-ups a machine."""

    max_number: int
    """Largest number to be found; half of it is tried on average."""

    def challenge(self, key: bytes, task: Task) -> Mapping[str, str | int]:
        """Return the challenge as its solvers read it."""
        ...

    def solved(self, key: bytes, form: str, answer: str, now_ms: int) -> str | None:
        """Return the id of the challenge that ``answer`` solves.

        None unless it was made with ``key`` for ``form``, has not expired and is solved. A
        challenge has one id however the answer is spelled.
        """
        ...


class DisposableDomains(Protocol):
    """Mail domains whose mailboxes are thrown away after use."""

    def __contains__(self, domain: str) -> bool:
        """Say whether ``domain``, in lower-case A-labels, or a domain above it is one."""
        ...

# SPDX-License-Identifier: Apache-2.0
"""Every error this product raises on purpose, in one tree.

Guarantees that a caller can decide what to do from the class alone. Refuses to carry personal
data: messages hold ids, sizes and reasons, never an address, a token or a key.

    KvittoError
    ├── InputError            the caller is at fault; has a stable code (4xx)
    │   └── BadToken          a link or confirmation token that this installation did not mint
    ├── StateError            well-formed, but the stored state says no (4xx)
    │   ├── Conflict          somebody else changed it first
    │   │   ├── NotTested     a test mail of the campaign as it is now comes first
    │   │   ├── NotMailable   the person must not be written to
    │   │   ├── RiskNotAccepted  somebody must say that it may go on all the same
    │   │   └── Overtaken     another worker went on with this work; leave it to them
    │   ├── NotFound          it does not exist, or not for this caller
    │   ├── IllegalTransition the rules do not allow this step from here
    │   ├── OverBudget        too much came from one place; later is fine (429)
    │   └── ExtraStep         one more visible step is asked for; then the same is fine (428)
    ├── EvidenceError         evidence does not hold: always alarmed when it is our own
    │   ├── Malformed         the bytes are not in the format they claim
    │   ├── BadSignature      no acceptable signature by a trusted key
    │   ├── BrokenProof       a Merkle proof or hash does not lead to the root
    │   └── QuorumNotMet      too few witnesses signed the checkpoint
    ├── DependencyError       a service we depend on failed; nothing was decided; try again
    │   ├── Throttled         it asked us to slow down
    │   └── Unavailable       it did not answer, or answered with a fault
    └── FatalError            the state is unknown or impossible: stop, page a person
"""

# ruff: noqa: N818  # the names are those of the tree above; "Error" marks its inner nodes only

from typing import ClassVar


class KvittoError(Exception):
    """Root of the tree; `operator_sentence` tells the operator what the class means."""

    operator_sentence: ClassVar[str] = "The product refused or failed a step."


class InputError(KvittoError):
    """The caller sent something unusable; nothing was stored.

    Args:
        code: stable machine-readable slug, part of the API, e.g. `malformed_address`.
        detail: one sentence for a person: what is wrong and what to do next.
    """

    operator_sentence = "A caller sent something unusable; no action is needed."
    suggestion: str | None = None
    """The address that was probably meant, where one looks mistyped; shown to the caller alone."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the stable code and the human sentence apart."""
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        """Show both, as an operator reads them in a log line."""
        return f"{self.code}: {self.detail}"


class BadToken(InputError):
    """The token was not minted here, was altered, or belongs to another purpose."""

    def __init__(
        self, detail: str = "This link is not valid. Use the link in the latest mail."
    ) -> None:
        """Always the code `bad_token`, so that the reason never helps a forger."""
        super().__init__("bad_token", detail)


class StateError(KvittoError):
    """The request is well-formed but the stored state does not allow it."""

    operator_sentence = "The stored state does not allow the step; the caller must look again."


class Conflict(StateError):
    """Somebody else changed the same thing first; nothing was written."""


class NotTested(Conflict):
    """No test mail of this campaign, as it is now, was accepted; nothing was started."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "No test mail of this campaign as it is now was accepted, so it was not started. Send "
            "a test to an address of yours, read it, and try again. A change of the campaign, its "
            "segment or its brand asks for a new test."
        )


class NotMailable(Conflict):
    """The person must not be written to; ``problems`` maps a member to the reason."""

    def __init__(self, sentence: str, problems: dict[str, str]) -> None:
        """Keep the reasons for the answer."""
        super().__init__(sentence)
        self.problems = problems


class RiskNotAccepted(Conflict):
    """The campaign was stopped by what came back; it goes on only by somebody's word."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "The campaign was stopped because too many mails came back or were reported as "
            "unwanted. Nothing was changed. See why in its member stopped; to send it all the "
            "same, resume it with accept_risk=true."
        )


class Overtaken(Conflict):
    """The work is further on, or gone: another worker took this step; nothing was written."""


class NotFound(StateError):
    """The thing does not exist, or must not be known to this caller."""


class IllegalTransition(StateError):
    """The rules do not allow this step from the present state."""


class OverBudget(StateError):
    """Too many requests came from one network in the window; nothing was looked at."""


class ExtraStep(StateError):
    """Nothing was stored; the same submission together with ``token`` is taken.

    Args:
        cause: why, as a stable slug (`domain.gate.Cause`).
        token: to be sent back as the parameter ``step``.
        suggestion: the address that was probably meant, if the one given looks mistyped.
    """

    def __init__(self, cause: str, token: str, suggestion: str | None) -> None:
        """Speak for people; the token travels apart from the words."""
        super().__init__(
            "One more step is needed before this sign-up is stored: send the same values again, "
            "together with the member step of this answer as the parameter step."
        )
        self.cause = cause
        self.token = token
        self.suggestion = suggestion


class EvidenceError(KvittoError):
    """Evidence does not hold. From our own log or vault this is an alarm."""

    operator_sentence = "Evidence did not verify: compare with a mirror before anything else."


class Malformed(EvidenceError):
    """The bytes are not in the format they claim to be in."""


class BadSignature(EvidenceError):
    """No acceptable signature by a trusted key, or a trusted key's signature is wrong."""


class BrokenProof(EvidenceError):
    """A Merkle proof, root or content hash does not match."""


class QuorumNotMet(EvidenceError):
    """Fewer witnesses cosigned the checkpoint than the policy requires."""


class DependencyError(KvittoError):
    """A service we depend on failed; the caller may try again with the same idempotency key."""

    operator_sentence = "A service we depend on failed; work is retried."


class Throttled(DependencyError):
    """The service asked us to slow down."""

    operator_sentence = "A service throttled us; if it persists, raise the quota or lower the rate."


class Unavailable(DependencyError):
    """The service did not answer or answered with a fault; the outcome may be unknown."""


class FatalError(KvittoError):
    """The state is unknown or impossible; continuing could fork the log or lose evidence."""

    operator_sentence = "Stop: the state is unknown or impossible and a person must decide."

# SPDX-License-Identifier: Apache-2.0
"""What an answer of SES, or the lack of one, says about a message.

Guarantees that *retry* is said only when SES surely sent nothing, *rejected* only when trying
again cannot help, and *unknown* of everything else that was not accepted. Refuses to pass on
SES's own sentences: they can quote an address.
"""

from dataclasses import dataclass
from typing import Any, Final

from chalicelib.adapters.aws import error_code
from chalicelib.ports.sending import Limit, Outcome, Sent

_ENTRY_STATUS: Final = {
    "SUCCESS": Outcome.ACCEPTED,
    "MESSAGE_REJECTED": Outcome.REJECTED,
    "INVALID_PARAMETER": Outcome.REJECTED,
    "FAILED": Outcome.REJECTED,
    "ACCOUNT_THROTTLED": Outcome.RETRY,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Outcome.RETRY,
    "TRANSIENT_FAILURE": Outcome.RETRY,
    # The operator can mend the following; until then nothing is sent and nobody is given up.
    "ACCOUNT_SENDING_PAUSED": Outcome.RETRY,
    "ACCOUNT_SUSPENDED": Outcome.RETRY,
    "CONFIGURATION_SET_NOT_FOUND": Outcome.RETRY,
    "CONFIGURATION_SET_SENDING_PAUSED": Outcome.RETRY,
    "INVALID_SENDING_POOL_NAME": Outcome.RETRY,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": Outcome.RETRY,
    "TEMPLATE_NOT_FOUND": Outcome.RETRY,
}
"""Source: SES API reference v2, BulkEmailEntryResult, and the service model's BulkEmailStatus."""

_ENTRY_LIMIT: Final = {
    "ACCOUNT_THROTTLED": Limit.RATE,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Limit.DAY,
}
_TOO_MANY: Final = 429
_LIMITED: Final = frozenset(
    {"TooManyRequestsException", "LimitExceededException"}
    | {"Throttling", "ThrottlingException", "ThrottledException"}
)
_OF_THE_DAY: Final = "daily"
"""Source: Amazon SES Developer Guide, "Errors related to the sending quotas": one error for both
limits, whose message is "Daily message quota exceeded" or "Maximum sending rate exceeded"."""
_ABOUT_THE_MESSAGE: Final = frozenset({"MessageRejected", "BadRequestException"})
_UNSUPPORTED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotImplemented", "NotImplementedException"}
    | {"UnknownOperationException", "UnsupportedOperation", "UnsupportedOperationException"}
)
_NEVER_LEFT: Final = frozenset(
    {"ConnectTimeoutError", "EndpointConnectionError", "NoCredentialsError", "NoRegionError"}
    | {"CredentialRetrievalError", "PartialCredentialsError", "TokenRetrievalError"}
)
"""SDK errors raised before a byte of the request was sent."""
_SERVER_FAULT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to tell of a message, and what it means for the others.

    Attributes:
        stop: no further request should be made now.
        alone: SES refused the request as such; in a batch one message may be to blame for all.
    """

    sent: Sent
    stop: bool = False
    alone: bool = False


def sdk_errors() -> tuple[type[Exception], ...]:
    """Return the SDK's two error classes, imported at first use to keep cold starts short."""
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


def is_unsupported(error: Exception) -> bool:
    """Say whether SES refused the operation itself, whatever it was given."""
    return error_code(error) in _UNSUPPORTED


def after_error(error: Exception) -> Verdict:
    """Return what an SDK error says about the message, or every message, of its request."""
    name = error_code(error)
    if not name:
        name = type(error).__name__
        outcome = Outcome.RETRY if name in _NEVER_LEFT else Outcome.UNKNOWN
        return Verdict(sent=Sent(outcome=outcome, reason=name), stop=True)
    if name in _ABOUT_THE_MESSAGE:
        return Verdict(sent=Sent(outcome=Outcome.REJECTED, reason=name), alone=True)
    unsure = _status(error) >= _SERVER_FAULT and name not in _UNSUPPORTED
    outcome = Outcome.UNKNOWN if unsure else Outcome.RETRY
    return Verdict(sent=Sent(outcome=outcome, reason=name, limit=_limit(error, name)), stop=True)


def after_single(answer: dict[str, Any]) -> Verdict:
    """Return what a ``SendEmail`` answer says; one cut short names no message and is unknown."""
    message_id = answer.get("MessageId")
    if not message_id:
        return Verdict(sent=Sent(outcome=Outcome.UNKNOWN, reason="no_message_id"), stop=True)
    return Verdict(sent=Sent(outcome=Outcome.ACCEPTED, message_id=str(message_id)))


def after_entry(result: dict[str, Any]) -> Sent:
    """Return what one ``BulkEmailEntryResults`` item says; an unheard-of status is unknown."""
    status = str(result.get("Status", ""))
    outcome = _ENTRY_STATUS.get(status, Outcome.UNKNOWN)
    message_id = result.get("MessageId")
    if outcome is Outcome.ACCEPTED:
        return Sent(outcome=outcome, message_id=str(message_id) if message_id else None)
    return Sent(outcome=outcome, reason=status or "no_result", limit=_ENTRY_LIMIT.get(status))


def _limit(error: Exception, name: str) -> Limit | None:
    if name not in _LIMITED and _status(error) != _TOO_MANY:
        return None
    response = getattr(error, "response", {})
    said = str(response.get("Error", {}).get("Message", ""))
    return Limit.DAY if _OF_THE_DAY in said.lower() else Limit.RATE


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    meta = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(meta.get("HTTPStatusCode", _SERVER_FAULT))

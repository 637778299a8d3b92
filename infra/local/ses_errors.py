# SPDX-License-Identifier: Apache-2.0
"""The errors of the SES v2 API, as its REST-JSON protocol carries them."""

from __future__ import annotations


class SesError(Exception):
    """An answer other than success.

    Args:
        kind: exception name in the API's own model.
        status: HTTP status code.
        message: text a caller sees.
    """

    def __init__(self, kind: str, status: int, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.message = message


def bad_request(message: str) -> SesError:
    """Return the refusal of a request that is wrong in itself."""
    return SesError("BadRequestException", 400, message)


def not_found(message: str) -> SesError:
    """Return the refusal of a request that names what does not exist."""
    return SesError("NotFoundException", 404, message)


def already_exists(message: str) -> SesError:
    """Return the refusal to create what exists."""
    return SesError("AlreadyExistsException", 400, message)


def rejected(message: str) -> SesError:
    """Return the refusal of a message, such as one from an identity that is not verified."""
    return SesError("MessageRejected", 400, message)


def throttled(message: str = "Maximum sending rate exceeded.") -> SesError:
    """Return the refusal of a message above the rate or the daily quota."""
    return SesError("TooManyRequestsException", 429, message)

# SPDX-License-Identifier: Apache-2.0
"""Refusals that only HTTP knows: unreadable, too large, wrong type, wrong method, no key.

Guarantees that each names its status and headers, so that one map turns every error into an
answer.
"""

from chalicelib.errors import InputError

ERROR_PREFIX = "Nothing was changed."


class Refusal(InputError):  # noqa: N818  # a refusal is an answer, as in errors.py
    """The request is refused before any service sees it.

    Attributes:
        status: HTTP status code.
        headers: further headers the status asks for.
    """

    status = 400

    def __init__(self, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        """Keep the headers beside code and detail."""
        super().__init__(code, detail)
        self.headers = headers or {}


class Unreadable(Refusal):
    """The body, or a name or value in it, cannot be read."""

    def __init__(self, detail: str) -> None:
        """Always the code `unreadable`."""
        super().__init__("unreadable", f"{detail} {ERROR_PREFIX}")


class TooLarge(Refusal):
    """The body is larger than this address takes."""

    status = 413

    def __init__(self, max_bytes: int) -> None:
        """Name the limit in kilobytes of 1,024 bytes."""
        super().__init__(
            "too_large", f"This takes at most {max_bytes // 1024} kB. {ERROR_PREFIX} Send less."
        )


class WrongMediaType(Refusal):
    """The body is of a type this address does not read."""

    status = 415

    def __init__(self, accepted: str) -> None:
        """Name the types that are read."""
        super().__init__("wrong_media_type", f"Send {accepted}. {ERROR_PREFIX}")


class WrongMethod(Refusal):
    """The address exists but not for this method."""

    status = 405

    def __init__(self, allowed: str) -> None:
        """Name the methods that exist, as RFC 9110 section 10.2.1 asks."""
        super().__init__(
            "wrong_method", f"This address takes {allowed}. {ERROR_PREFIX}", {"Allow": allowed}
        )


class NoKey(Refusal):
    """No live API key came with the request."""

    status = 401

    def __init__(self) -> None:
        """The same words for a missing, malformed, unknown and revoked key."""
        super().__init__(
            "no_key",
            f"Send a live API key as 'Authorization: Bearer KEY'. {ERROR_PREFIX}",
            {"WWW-Authenticate": 'Bearer realm="kvitto"'},
        )


class WrongScope(Refusal):
    """The API key is live but may not do this."""

    status = 403

    def __init__(self, scopes: str) -> None:
        """Name the scopes of which one is needed."""
        super().__init__("wrong_scope", f"This needs a key with the scope {scopes}. {ERROR_PREFIX}")

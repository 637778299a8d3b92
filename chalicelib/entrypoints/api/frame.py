# SPDX-License-Identifier: Apache-2.0
"""The frame around every API operation: key, scope, body, idempotency, shape of the answer.

Guarantees that nothing runs before the key is checked, that a body reaches a handler only when
it fits its schema, and that a POST repeated under its Idempotency-Key within 24 hours changes
nothing and gets the first answer again. What is remembered for that holds nothing personal and
no secret: an operation names the members that are left out.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import ApiKey, KeyScope
from chalicelib.domain.ids import RANDOM_ID_BYTES, encode_id
from chalicelib.entrypoints._runtime import Served, api
from chalicelib.entrypoints.api.payloads import InvalidBody, Payload, read_payload
from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, Answer, Request, json_answer
from chalicelib.entrypoints.refusals import NoKey, WrongScope
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, DependencyError, InputError, NotFound
from chalicelib.ports.outside import Attempt

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.ports.catalog import Page
    from chalicelib.ports.outside import Remembered

log = logging.getLogger(__name__)

BASE = "/api/v1"
PAGED = ("cursor", "limit")
"""Query parameters of every operation that lists."""
KEEP_S = 24 * 3600
"""How long the answer to an idempotency key is remembered, seconds."""
LEASE_S = 35
"""How long an idempotency key waits for its answer, seconds: a little above the function's timeout,
after which nobody can be working on it."""
DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_LIMIT = re.compile(r"[0-9]{1,3}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
MAX_IDEMPOTENCY_CHARS = 255
IDEMPOTENCY_KEY = "[!-~]([ -~]*[!-~])?"
"""What a key is spelled with; a header's outer spaces are not part of it (RFC 9110 §5.5)."""
MAX_CURSOR_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A checked call as a handler sees it.

    Attributes:
        body: fits the operation's schema; of a form, its fields.
        raw: the bytes of a form's file, or a body of one of the types that are taken as they are.
    """

    container: "Container"
    request: Request
    key: ApiKey | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def key_id(self) -> str:
        """The id of the key that asks; empty where no key is asked for."""
        return self.key.id if self.key else ""

    def word(self, name: str) -> str:
        """Return a path parameter."""
        return path_word(self.request, name)

    def paging(self) -> tuple[str | None, int]:
        """Return cursor and limit of a paged GET.

        Raises:
            InputError: the limit is not a whole number from 1 to 100, or the cursor is too long.
        """
        text = self.request.query.get("limit", str(DEFAULT_LIMIT))
        limit = int(text) if _LIMIT.fullmatch(text) else 0
        if not 1 <= limit <= MAX_LIMIT:
            raise InputError(
                code="bad_limit", detail=f"A limit is a whole number from 1 to {MAX_LIMIT}."
            )
        cursor = self.request.query.get("cursor") or None
        if cursor and (len(cursor) > MAX_CURSOR_CHARS or not cursor.isascii()):
            raise InputError(code="bad_cursor", detail="This cursor was not made by this address.")
        return cursor, limit


Result = Mapping[str, Any] | Answer | None
CallHandler = Callable[[Call], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: what runs, and all that its description says.

    Attributes:
        path: below ``/api/v1``.
        scopes: any one of them is enough; none at all means that no key is asked for.
        takes: name of the body's schema.
        form: name of the schema of a multipart form with one file, taken beside ``takes``.
        raw: media types of bodies that are taken as they are, of `MAX_FILE_BYTES` at most.
        picks: where ``takes`` is a choice of schemas, names the one a body is judged by.
        statuses: HTTP status by the answer's member ``stated_by``, where it is not ``status``.
        gives: name of the answer's schema.
        location: address of what was made, filled from the answer's members.
        echoed: members of the answer that repeat the body's and are not remembered.
        secret: members of the answer that are shown once and null when repeated.
        has_page: who asks for ``text/html`` gets a page.
        looks: a POST that only tells, or tells by an id of its own: no answer is remembered.
        finds: what a query names may not exist.
        judges: the handler itself checks the body, an object; ``takes`` only describes it.
    """

    method: str
    path: str
    handler: CallHandler
    summary: str
    scopes: tuple[KeyScope, ...]
    status: int = 200
    takes: str | None = None
    form: str | None = None
    raw: tuple[str, ...] = ()
    picks: Callable[[object], str] | None = None
    statuses: Mapping[str, int] = field(default_factory=dict)
    stated_by: str = "status"
    gives: str | None = None
    media_type: str = "application/json"
    queries: tuple[str, ...] = ()
    max_bytes: int = MAX_BODY_BYTES
    location: str | None = None
    echoed: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    conflicts: bool = False
    finds: bool = False
    has_page: bool = False
    looks: bool = False
    judges: bool = False

    @property
    def id(self) -> str:
        """The operation's id: the handler's name."""
        return self.handler.__name__

    @property
    def reads(self) -> bool:
        """Whether it takes a body."""
        return bool(self.takes or self.form or self.raw)

    @property
    def noun(self) -> str:
        """The noun it belongs to."""
        return self.path.split("/")[1]

    def served(self) -> Served:
        """Return what answers requests for this operation."""

        def run(container: "Container", request: Request) -> Answer:
            return _run(self, container, request)

        return api(run)


def operation(
    method: str, path: str, *scopes: KeyScope, **described: Any
) -> Callable[[CallHandler], Operation]:
    """Make a handler an `Operation`; the first line of its docstring is the summary."""

    def make(handler: CallHandler) -> Operation:
        summary = (handler.__doc__ or "").strip().splitlines()[0]
        return Operation(
            method=method, path=path, scopes=scopes, handler=handler, summary=summary, **described
        )

    return make


def page_answer(page: "Page[Any]", shape: Callable[[Any], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return one page in the API's shape."""
    return {"items": [shape(item) for item in page.items], "next_cursor": page.cursor}


def rfc3339(unix_ms: int) -> str:
    """Return a time as the API shows it.

    Example:
        >>> rfc3339(1_767_225_600_250)
        '2026-01-01T00:00:00.250Z'
    """
    text = datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def unix_ms(text: str, member: str) -> int:
    """Return the time a body's member says in RFC 3339, Unix milliseconds.

    Raises:
        InvalidBody: it is not a time with its offset from UTC.
    """
    try:
        moment = datetime.fromisoformat(text) if _RFC3339.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidBody({member: "format"})
    return round(moment.timestamp() * 1000)


def maybe_rfc3339(unix_ms: int | None) -> str | None:
    """Return a time as the API shows it, or None."""
    return None if unix_ms is None else rfc3339(unix_ms)


def _run(op: Operation, container: "Container", request: Request) -> Answer:
    key = _authorised(op, container, request)
    for name in request.parameters:
        path_word(request, name)
    carried = read_payload(op, request)
    call = Call(container=container, request=request, key=key, body=carried.body, raw=carried.raw)
    wanted = request.headers.get("idempotency-key")
    if op.method != "POST" or op.looks or wanted is None or key is None:
        return _answer(op, _handled(op, call))
    return _once(op, call, carried, key, wanted)


def _authorised(op: Operation, container: "Container", request: Request) -> ApiKey | None:
    if not op.scopes:
        return None
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    key = container.key_ring.authenticate(text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise NoKey
    if not any(key.allows(scope) for scope in op.scopes):
        raise WrongScope(" or ".join(op.scopes))
    return key


def _handled(op: Operation, call: Call) -> Result:
    try:
        return op.handler(call)
    except InputError as error:
        if error.code == "bad_id" and op.takes is None and call.request.parameters:
            raise NotFound("There is nothing with this id.") from None
        raise


def _answer(op: Operation, result: Result) -> Answer:
    if isinstance(result, Answer):
        return result
    if result is None:
        return Answer(status=op.status, content_type="application/json")
    location = op.location and {"Location": BASE + op.location.format_map(result)}
    status = op.statuses.get(str(result.get(op.stated_by)), op.status)
    return json_answer(result, status, location or {})


def _once(op: Operation, call: Call, carried: Payload, key: ApiKey, wanted: str) -> Answer:
    """Run a POST under its idempotency key, or repeat the answer it got before."""
    if len(wanted) > MAX_IDEMPOTENCY_CHARS or not re.fullmatch(IDEMPOTENCY_KEY, wanted):
        raise InputError(
            code="bad_idempotency_key",
            detail="An Idempotency-Key has 1 to 255 printable ASCII characters.",
        )
    attempt = Attempt(
        key="idempotency#" + _digest(key.id, wanted),
        nonce=encode_id(call.container.random(RANDOM_ID_BYTES)),
    )
    asked = call.container.tokens.blind(
        "request",
        _digest(op.method, op.path, *sorted(call.request.parameters.values()), *carried.said),
    )
    known = _claim(op, call, attempt, asked)
    if known is not None:
        return _repeated(op, call, asked, known)
    done = False
    try:
        answer = _answer(op, result := _handled(op, call))
        done = True
    finally:
        if not done:
            _forget(op, call, attempt)
    _remember(op, call, attempt, answer, result)
    return answer


def _claim(op: Operation, call: Call, attempt: Attempt, asked: str) -> "Remembered | None":
    try:
        return call.container.activity.begin_request(
            attempt, asked, call.container.clock.now_ms(), lease_s=LEASE_S, keep_s=KEEP_S
        )
    except DependencyError:
        _forget(op, call, attempt)  # Only the answer may have been lost, and nothing ran.
        raise


def _forget(op: Operation, call: Call, attempt: Attempt) -> None:
    """Let the key be used again at once; if that fails, its lease ends."""
    try:
        call.container.activity.abandon_request(attempt)
    except DependencyError as error:
        log.warning("an attempt could not be forgotten: %s", error, extra={"operation": op.id})


def _remember(op: Operation, call: Call, attempt: Attempt, answer: Answer, result: Result) -> None:
    """Keep the answer for a repeat; if that fails, the caller still gets it this once."""
    kept = {
        name: None if name in op.secret else value
        for name, value in (result.items() if isinstance(result, Mapping) else ())
        if name not in op.echoed
    }
    try:
        call.container.activity.finish_request(attempt, answer.status, json.dumps(kept))
    except (Conflict, DependencyError) as error:
        log.warning("an answer could not be remembered: %s", error, extra={"operation": op.id})


def _repeated(op: Operation, call: Call, asked: str, known: "Remembered") -> Answer:
    if known.request_sha256 != asked:
        raise InputError(
            code="idempotency_key_reused",
            detail="This Idempotency-Key came with another request before. Use a fresh one.",
        )
    if known.status is None or known.body is None:
        raise Conflict(
            "The first request with this Idempotency-Key is still running, or its answer was lost."
            " Send it again in a minute."
        )
    result = {**json.loads(known.body), **{n: call.body[n] for n in op.echoed if n in call.body}}
    answer = _answer(op, result)
    headers = {**answer.headers, "Idempotency-Replayed": "true"}
    return replace(answer, status=known.status, headers=headers)


def _digest(*pieces: str | bytes) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        data = piece.encode("utf-8") if isinstance(piece, str) else piece
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()

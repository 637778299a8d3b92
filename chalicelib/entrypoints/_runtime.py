# SPDX-License-Identifier: Apache-2.0
"""What surrounds every handler: one map from errors to answers, one log line for a failure.

Guarantees that no exception leaves an entry point with its words, that a failure has an incident
id that is both shown and logged, and that one bad record of a batch comes back alone. This is
the only place that catches `Exception`. Chalice's middleware is not used: an event handler may
run without ``app.py`` (docs/adr/0009-event-handlers-in-app-py.md).
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.entrypoints import parts
from chalicelib.entrypoints.exchange import PROBLEM, Answer, Request, html, json_answer
from chalicelib.entrypoints.refusals import Refusal
from chalicelib.entrypoints.security import hardened
from chalicelib.errors import (
    Conflict,
    DependencyError,
    ExtraStep,
    FatalError,
    IllegalTransition,
    InputError,
    KvittoError,
    NotFound,
    OverBudget,
    StateError,
    Throttled,
)

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

log = logging.getLogger(__name__)

Handler = Callable[["Container", Request], Answer]
Served = Callable[[Request], Answer]
Event = Mapping[str, Any]
BatchAnswer = dict[str, list[dict[str, str]]]

RETRY_S = 30
"""What Retry-After says when a service we depend on failed."""
THROTTLED_RETRY_S = 300
BUDGET_RETRY_S = 3600
"""Budgets are counted by the hour, or by the day."""
SERVER_ERROR = 500
_STATUS: tuple[tuple[type[KvittoError], int], ...] = (
    (InputError, 422),
    (NotFound, 404),
    (Conflict, 409),
    (IllegalTransition, 409),
    (OverBudget, 429),
    (ExtraStep, 428),
    (Throttled, 429),
    (DependencyError, 503),
)
_SENTENCES: Mapping[int, str] = {
    404: "There is nothing here with this id.",
    409: "It exists already, or somebody else changed it first. Nothing was changed: look again.",
    429: "Too much came at once. Nothing was changed. Try again after the time in Retry-After.",
    503: "A service we depend on did not answer. Nothing was lost. Try again in a moment.",
}
FALLBACK_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Something went wrong</title>"
    "<main><h1>Something went wrong on our side</h1><p>Nothing you had before was lost. Please "
    "try again in a minute.</p></main></html>"
)


def status_of(error: BaseException) -> int:
    """Return the HTTP status that says what an error means for the caller."""
    if isinstance(error, Refusal):
        return error.status
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return SERVER_ERROR


def headers_of(error: BaseException) -> dict[str, str]:
    """Return the headers an error asks for: when to come back, what is allowed."""
    if isinstance(error, Refusal):
        return error.headers
    if isinstance(error, OverBudget):
        return {"Retry-After": str(BUDGET_RETRY_S)}
    if isinstance(error, Throttled):
        return {"Retry-After": str(THROTTLED_RETRY_S)}
    if isinstance(error, DependencyError):
        return {"Retry-After": str(RETRY_S)}
    return {}


def code_of(error: BaseException) -> str:
    """Return the stable code of an error: its own, else the class's name in small letters."""
    if isinstance(error, InputError):
        return error.code
    if status_of(error) == SERVER_ERROR:
        return "internal"
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(error).__name__).lstrip("_")


def problem(error: BaseException, incident: str) -> Answer:
    """Return an error as problem details (RFC 9457), with the problems of fields if it has any."""
    status = status_of(error)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _detail(error, status),
        "code": code_of(error),
    }
    fields = getattr(error, "problems", None)
    if isinstance(fields, Mapping):
        body["errors"] = [{"field": str(k), "code": str(v)} for k, v in fields.items()]
    if isinstance(error, InputError) and error.suggestion:
        body["suggestion"] = error.suggestion
    if isinstance(error, ExtraStep):
        body |= {"step": error.token, "cause": error.cause, "suggestion": error.suggestion}
    if status >= SERVER_ERROR:
        body["incident"] = incident
    return replace(json_answer(body, status, headers_of(error)), content_type=PROBLEM)


def page_problem(error: BaseException, request: Request) -> Answer:
    """Return an error as a page in the visitor's language, or as a problem to who sent JSON."""
    if request.is_json:
        return problem(error, request.id)
    from chalicelib.entrypoints.languages import choose_language  # noqa: PLC0415  # as `parts` says

    status = status_of(error)
    language = choose_language([request.query], request.headers.get("accept-language", ""), "en")
    data = {
        "language": language,
        "status": status,
        "is_over_budget": isinstance(error, OverBudget),
        "reference": request.id if status >= SERVER_ERROR else None,
    }
    text = parts.container().renderer.page("pages/error.html", data)
    return html(text, status, headers_of(error))


def page(handler: Handler, *, framed: bool = False) -> Served:
    """Serve a handler whose errors are pages."""
    return _served(handler, page_problem, framed=framed)


def api(handler: Handler) -> Served:
    """Serve a handler whose errors are problem details."""
    return _served(handler, lambda error, request: problem(error, request.id), framed=False)


def refused(error: Refusal, request: Request) -> Answer:
    """Answer what routing itself refuses: a problem below /api, a page elsewhere."""
    serve = api if request.route.startswith("/api/") else page

    def refuse(_container: "Container", _request: Request) -> Answer:
        raise error

    return serve(refuse)(request)


def _served(
    handler: Handler, shown: Callable[[BaseException, Request], Answer], *, framed: bool
) -> Served:
    @wraps(handler)
    def serve(request: Request) -> Answer:
        try:
            answer = handler(parts.container(), request)
        except Exception as error:  # noqa: BLE001  # every failure must become an answer
            _log_failure(error, {"route": request.route, "incident": request.id})
            answer = _shown(shown, error, request)
        return hardened(answer, secure=_is_secure(), framed=framed)

    return serve


def _shown(
    shown: Callable[[BaseException, Request], Answer], error: BaseException, request: Request
) -> Answer:
    try:
        return shown(error, request)
    except Exception as again:  # noqa: BLE001  # the error page itself needs the container
        _log_failure(again, {"route": request.route, "incident": request.id})
        return html(FALLBACK_PAGE, SERVER_ERROR)


def _is_secure() -> bool:
    try:
        return parts.container().settings.is_secure
    except KvittoError:
        return False


def _detail(error: BaseException, status: int) -> str:
    if isinstance(error, InputError):
        return error.detail
    if status == SERVER_ERROR:
        return "Something went wrong on our side. Quote the incident when you report it."
    text = str(error)
    if text[:1].isupper() and text.endswith("."):
        return text
    # Services speak in sentences; what an adapter says is for the operator and is in the log.
    return _SENTENCES[status]


def _log_failure(error: BaseException, ids: Mapping[str, str]) -> None:
    """Log a failure of ours with ids; the caller's own mistakes are not worth a line."""
    extra = {**ids, "error": type(error).__name__}
    if isinstance(error, InputError | StateError):
        return
    if isinstance(error, DependencyError):
        log.warning("a dependency failed: %s", error, extra=extra)
    elif isinstance(error, KvittoError):
        log.error("%s %s", error.operator_sentence, error, extra=extra, exc_info=error)
    else:
        log.error("a handler failed", extra=extra, exc_info=error)


def batch(
    handler: Callable[["Container", str], None],
    *,
    once: bool = False,
    each: Callable[["Container", str], None] | None = None,
) -> Callable[[Event], BatchAnswer]:
    """Serve a queue: every record alone, failures reported back by message id.

    Args:
        handler: takes a record's body; raising puts the record back into the queue.
        once: the work is the same for every record: do it for the first readable one only.
        each: done first for every record, also where ``once`` leaves the rest out.

    Source: AWS Lambda developer guide, "Implementing partial batch responses".
    """

    @wraps(handler)
    def serve(event: Event) -> BatchAnswer:
        failures = []
        done = False
        for record in event["Records"]:
            try:
                if each is not None:
                    each(parts.container(), record["body"])
                if done:
                    read_message(record["body"])
                else:
                    handler(parts.container(), record["body"])
                    done = once
            except Exception as error:  # noqa: BLE001  # one bad record must not fail the others
                _log_record(error, handler.__name__, record["messageId"])
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    return serve


class Gathering(Protocol):
    """Records worked on together: each read, all kept together, each finished, all settled.

    Whatever a method raises is logged; the record it was about goes back to its queue.
    """

    def take(self, name: str, body: str) -> None:
        """Read the record called ``name``."""
        ...

    def fold(self) -> Mapping[str, KvittoError]:
        """Keep what is kept together; return the names of records of which that failed."""
        ...

    @property
    def unfinished(self) -> Sequence[str]:
        """Names of records with something to do beside."""
        ...

    @property
    def is_late(self) -> bool:
        """Whether no more records should be finished this time."""
        ...

    def finish(self, name: str) -> None:
        """Do what a record asks for beside."""
        ...

    def settle(self) -> Mapping[str, KvittoError]:
        """Do what those finished ask for together; return the names of which that failed."""
        ...


def gathered(
    begin: Callable[["Container"], Gathering], name: str
) -> Callable[[Event], BatchAnswer]:
    """Serve a queue whose records are worked on together; failures go back by message id.

    Args:
        name: of the handler, for the log.
    """

    def serve(event: Event) -> BatchAnswer:
        bodies = {record["messageId"]: record["body"] for record in event["Records"]}
        failed = _gather(begin, name, bodies)
        left = [message_id for message_id in bodies if message_id in failed]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in left]}

    return serve


def _gather(
    begin: Callable[["Container"], Gathering], name: str, bodies: Mapping[str, str]
) -> set[str]:
    """Work on records; return those that failed."""
    failed: set[str] = set()

    def fail(error: Exception, message_id: str) -> None:
        _log_record(error, name, message_id)
        failed.add(message_id)

    try:
        gathering = begin(parts.container())
        for message_id, body in bodies.items():
            try:
                gathering.take(message_id, body)
            except Exception as error:  # noqa: BLE001  # one bad record must not fail the others
                fail(error, message_id)
        for message_id, refused in gathering.fold().items():
            fail(refused, message_id)
    except Exception as error:  # noqa: BLE001  # nothing is known to be kept of any record
        _log_record(error, name, next(iter(bodies), ""))
        return set(bodies)
    left = [each for each in gathering.unfinished if each not in failed]
    for done, message_id in enumerate(left):
        if gathering.is_late:
            log.warning("a batch took too long", extra={"handler": name, "left": len(left) - done})
            failed |= set(left[done:])
            break
        try:
            gathering.finish(message_id)
        except Exception as error:  # noqa: BLE001  # as above
            fail(error, message_id)
    return failed | _settle(gathering, name, left)


def _settle(gathering: Gathering, name: str, left: Sequence[str]) -> set[str]:
    """Settle what was finished of ``left``; return the records of which that failed."""
    try:
        refused = gathering.settle()
    except Exception as error:  # noqa: BLE001  # nothing is known to be settled of any record
        _log_record(error, name, next(iter(left), ""))
        return set(left)
    for message_id, failure in refused.items():
        _log_record(failure, name, message_id)
    return set(refused)


def _log_record(error: BaseException, handler: str, message_id: str) -> None:
    extra = {"handler": handler, "message_id": message_id, "error": type(error).__name__}
    if isinstance(error, InputError | NotFound | Conflict | DependencyError):
        # Our errors' words hold no personal data (see errors.py), and retrying is normal.
        log.warning("a record goes back to its queue: %s", error, extra=extra)
    elif isinstance(error, KvittoError):
        log.error("a record failed: %s", error, extra=extra, exc_info=error)
    else:
        log.error("a record failed", extra=extra, exc_info=error)


def job(handler: Callable[["Container"], int]) -> Callable[[], int]:
    """Serve a schedule. A failure is logged and raised without its words, so that it alarms."""

    @wraps(handler)
    def serve() -> int:
        try:
            return handler(parts.container())
        except Exception as error:  # noqa: BLE001  # the runtime would print the words
            _log_failure(error, {"handler": handler.__name__})
            name = type(error).__name__
        raise FatalError(f"the schedule {handler.__name__} failed with {name}")

    return serve


def read_message(body: str, versions: Collection[int] = (1,)) -> dict[str, Any]:
    """Return a queue message of ours.

    Raises:
        InputError: not a JSON object of one of these schema versions.
    """
    try:
        message = json.loads(body)
    except ValueError:
        message = None
    if not isinstance(message, dict) or message.get("v") not in versions:
        raise InputError(code="bad_message", detail="A queue message is not one of ours.")
    return message

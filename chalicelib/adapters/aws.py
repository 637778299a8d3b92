# SPDX-License-Identifier: Apache-2.0
"""Where AWS clients are made, and where their errors become ours.

Guarantees one client per service and process, made at first use, and for DynamoDB a second one for
reading many rows; a bounded wait on every call; and that a call to SES leaves this machine at most
once. Refuses to let an SDK error, or the text of one (it can quote an address), rise above an
adapter: messages here hold our own words, the service's error code and its request id.

Endpoints are the SDK's own business: ``AWS_ENDPOINT_URL`` and ``AWS_ENDPOINT_URL_<SERVICE>``.
Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
"""

import threading
from binascii import b2a_base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from chalicelib.adapters.http_wire import CONNECT_TIMEOUT_S, POOLED_CONNECTIONS, Carrier
from chalicelib.errors import Conflict, FatalError, KvittoError, NotFound, Throttled, Unavailable

SES_READ_TIMEOUT_S: Final = 10
"""SES answers a bulk call in well under a second; a longer silence is an unknown outcome."""
READ_TIMEOUT_S: Final = 5
ATTEMPTS: Final = 4
"""Tries of an idempotent call, the first included, with the SDK's own jittered back-off."""
USER_AGENT: Final = "kvitto"
"""What CloudTrail shows as the caller's program."""

JSON: Final = "kvitto_json"
"""Parameter of SendEmail and SendBulkEmail that holds the request's body, as bytes."""

_ROWS_WRITTEN: Final = ("BatchGetItem", "BatchWriteItem", "UpdateItem")
"""Operations of DynamoDB that a send makes again and again."""
_HOT: Final = frozenset({"dynamodb", "sesv2"})
"""Parameters of these are checked by the service alone: the SDK's own check takes as long as the
call. Nor do their requests go the SDK's long way to the network."""

_CONFLICT: Final = frozenset(
    {
        "ConditionalCheckFailedException",
        "ConditionalCheckFailed",
        "PreconditionFailed",
        "ConditionalRequestConflict",
        "412",
    }
)
_THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_MISSING: Final = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
"""An object that is not there. A missing table, queue, bucket or key is a broken installation."""
_IMPOSSIBLE: Final = frozenset(
    {
        "IdempotentParameterMismatchException",
        "SerializationException",
        "ValidationError",
        "ValidationException",
    }
)
"""The request itself is wrong: asking again cannot help."""

_clients: dict[str, Any] = {}
_making = threading.Lock()


def client(service: str) -> Any:
    """Return this process's client for ``service`` (`dynamodb`, `sqs`, `s3`, `kms`, `sesv2`, …).

    The first call imports the SDK, which takes longer than the rest of a cold start. The two
    operations of `sesv2` that send take their whole body as bytes, in the one parameter `JSON`.
    """
    return kept(service, lambda: _carried(new_client(service)))


def new_client(service: str) -> Any:
    """Return a new client for ``service``, whose requests go the SDK's own way to the network."""
    return _make_mail_client() if service == "sesv2" else _make(service)


def rows_client() -> Any:
    """Return this process's DynamoDB client for reading rows by the thousand.

    It answers Query and BatchGetItem as `client("dynamodb")` does, in about a quarter of the time,
    but for one thing: a binary value stays the base64 text that came. Signing, waiting, retries,
    checksums and every error are the SDK's. An answer that cannot be read has no ``Items`` and no
    ``Responses``.

    The hook is what the SDK's own S3 support uses; no page of its documentation names it, so the
    contract suite holds both clients side by side.
    """
    return kept("dynamodb rows", _make_rows_client)


def _make_rows_client() -> Any:
    made = _carried(_make("dynamodb"))
    for operation in ("Query", "BatchGetItem"):
        made.meta.events.register(f"before-parse.dynamodb.{operation}", _parse_rows)
    return made


def _parse_rows(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Read an answer full of rows here, and leave the SDK an empty one to put it into.

    A body that is no JSON is left empty: then the SDK finds the checksum wrong and asks again.
    """
    import orjson

    if response_dict["status_code"] != HTTPStatus.OK:
        return
    try:
        document = orjson.loads(response_dict["body"])
    except orjson.JSONDecodeError:
        document = None
    response_dict["body"] = b"{}"
    if isinstance(document, dict):
        customized_response_dict.update(document)


def _make_mail_client() -> Any:
    """Return a client for SES, whose mails may come as JSON written already.

    The SDK walks through every value of a request twice to write it; for fifty mails that takes
    longer than the rest of the call.
    Source: Boto3 documentation, "Extensibility guide" (``provide-client-params``, ``before-call``).
    """
    made = _make("sesv2")
    for operation in ("SendBulkEmail", "SendEmail"):
        made.meta.events.register(f"provide-client-params.sesv2.{operation}", _take_json)
        made.meta.events.register(f"before-call.sesv2.{operation}", _put_json)
    return made


def _take_json(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any] | None:
    """Keep the body aside, and leave the SDK nothing to write."""
    if JSON not in params:
        return None
    context[JSON] = params[JSON]
    return {}


def _put_json(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Put the body into the request before it is signed."""
    if JSON in context:
        params["body"] = context[JSON]


def _write_here(made: Any) -> None:
    """Let requests full of rows be written here; the SDK takes ten times as long over each.

    They are what the SDK would write: its names and shapes are those of the wire already, but for
    binary values, which become base64. The parameters are checked by the service alone, as ever.
    """
    for operation in _ROWS_WRITTEN:
        made.meta.events.register(f"provide-client-params.dynamodb.{operation}", _write_json)
        made.meta.events.register(f"before-call.dynamodb.{operation}", _put_json)


def _write_json(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write the body, keep it aside, and leave the SDK the tables' names: it may go by those."""
    import orjson

    context[JSON] = orjson.dumps(params, default=_base64)
    if "RequestItems" not in params:
        return {"TableName": params["TableName"]}
    return {"RequestItems": {name: type(held)() for name, held in params["RequestItems"].items()}}


def _base64(value: object) -> str:
    """Return a binary value as the wire has it.

    Raises:
        TypeError: it is nothing that a request may hold.
    """
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return b2a_base64(value, newline=False).decode("ascii")


def kept(name: str, make: Callable[[], Any]) -> Any:
    """Return what this process made under ``name`` once; `forget_clients` drops it."""
    made = _clients.get(name, _clients)
    if made is _clients:
        with _making:
            made = _clients.get(name, _clients)
            if made is _clients:
                made = _clients[name] = make()
    return made


def forget_clients() -> None:
    """Drop every client, so that the next call sees the endpoints and credentials of now."""
    with _making:
        for made in _clients.values():
            if made is not None:
                made.close()
        _clients.clear()


def _make(service: str) -> Any:
    import boto3
    from botocore.config import Config

    once = service == "sesv2"
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=SES_READ_TIMEOUT_S if once else READ_TIMEOUT_S,
        # SES v2 has no idempotency token: the default retries send a mail up to three times.
        retries={"mode": "standard", "total_max_attempts": 1 if once else ATTEMPTS},
        parameter_validation=service not in _HOT,
        max_pool_connections=POOLED_CONNECTIONS,
        tcp_keepalive=True,
        # The SDK's own spells out itself and the machine anew for every request.
        user_agent=USER_AGENT,
    )
    made = boto3.client(service, config=config)
    if service == "dynamodb":
        _write_here(made)
    return made


def _carried(made: Any) -> Any:
    """Let a hot client's requests leave by `adapters.http_wire`, unless they need a proxy.

    The client has no parameter for it. Its hook ``before-send`` would do, and would send also what
    another's hook answers.
    """
    if made.meta.service_model.service_name in _HOT and not behind_proxy(made):
        made._endpoint.http_session = Carrier(made.meta.config.read_timeout)  # noqa: SLF001 -- see above
    return made


def behind_proxy(made: Any) -> bool:
    """Say whether a client's requests go through a proxy."""
    from botocore.utils import get_environ_proxies

    return bool(made.meta.config.proxies or get_environ_proxies(made.meta.endpoint_url))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn any SDK error inside the block into one of ours.

    Args:
        what: what was being tried, for the operator: our words and ids only.

    Raises:
        Conflict: a condition failed; nothing was written.
        NotFound: the object asked for is not there.
        Throttled: the service asked us to slow down, or the rows are in another transaction.
        Unavailable: no answer, or a fault; the outcome of a write is unknown.
        FatalError: the service calls the request itself impossible.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _ours(what, error.response) from None
    except BotoCoreError as error:
        raise Unavailable(f"{what}: {type(error).__name__}") from None


def error_code(error: Exception) -> str:
    """Return the service's code of an SDK error, or "" when it is not a service's answer."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _ours(what: str, response: Mapping[str, Any]) -> KvittoError:
    code = str(response.get("Error", {}).get("Code", ""))
    request = response.get("ResponseMetadata", {}).get("RequestId", "-")
    codes = {code}
    if code == "TransactionCanceledException":
        codes = {str(reason.get("Code")) for reason in response.get("CancellationReasons", ())}
    sentence = f"{what}: {' '.join(sorted(codes - {'None'}))} (request {request})"
    # A failed condition decides even beside a throttle: trying again would meet it again.
    for kind, known in (
        (Conflict, _CONFLICT),
        (FatalError, _IMPOSSIBLE),
        (Throttled, _THROTTLED),
        (NotFound, _MISSING),
    ):
        if codes & known:
            return kind(sentence)
    return Unavailable(sentence)

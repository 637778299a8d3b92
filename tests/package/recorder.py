# SPDX-License-Identifier: Apache-2.0
"""A proxy before the emulator that notes each call as IAM would judge it: who, action, resource.

It guarantees that a call is noted once for every action and resource that AWS documents for it,
under the access key it was signed with; a walk gives each handler its own. It answers for the
log's Ed25519 key itself, because the emulator has no such keys.
Source: Amazon DynamoDB developer guide, "Using IAM with DynamoDB transactions"; Amazon S3 user
guide, "Required permissions for Amazon S3 API operations"; AWS service authorization reference.
"""

import base64
import http.client
import json
import re
import threading
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.local.http_server import Answer, HttpServer, Request
from tests.package.lambda_events import ACCOUNT, REGION

LOG_KEY = "alias/kvitto-log"
_SIGNED = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_EQUALS = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_SENDING = {
    "/v2/email/outbound-emails": "ses:SendEmail",
    "/v2/email/outbound-bulk-emails": "ses:SendBulkEmail",
}
_READ_OF_SES = re.compile(
    r"/v2/email/(?P<kind>identities|configuration-sets)/(?P<name>[^/]+)"
    r"(?P<part>/event-destinations)?"
)
_OURS = {"host", "content-length", "connection", "expect", "transfer-encoding"}
_THEIRS = {"content-length", "connection", "date", "transfer-encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One right that a handler needed. `context` holds (condition key, values) pairs."""

    who: str
    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Recorder:
    """The proxy: `url` is for AWS and SES alike, `calls` what was noted so far."""

    def __init__(self, *, aws_url: str, ses_url: str) -> None:
        self.calls: set[Call] = set()
        self._targets = {"ses": ses_url}
        self._aws_url = aws_url
        self._log_key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self._server = HttpServer(("127.0.0.1", 0), self._respond, max_body_bytes=1 << 26)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _respond(self, request: Request) -> Answer:
        query = parse_qs(urlsplit(request.target).query)
        presigned = f"Credential={query.get('X-Amz-Credential', [''])[0]}/"
        who, service = _SIGNED.search(request.header("Authorization", presigned)).groups()
        operation = request.header("X-Amz-Target").rpartition(".")[2]
        body = json.loads(request.body) if operation or (service == "ses" and request.body) else {}
        answer = self._answer(request, service, operation, body)
        noted = {
            "dynamodb": lambda: _dynamodb(operation, body),
            "kms": lambda: [(f"kms:{operation}", body["KeyId"], {})],
            "sqs": lambda: [(_sqs_action(operation), _queue(body["QueueUrl"]), {})],
            "ses": lambda: _ses(request, body),
            "s3": lambda: _s3(request, answer.status),
        }[service]()
        for action, resource, context in noted:
            pairs = tuple(sorted((name, tuple(values)) for name, values in context.items()))
            self.calls.add(Call(who=who, action=action, resource=resource, context=pairs))
        return answer

    def _answer(self, request: Request, service: str, operation: str, body) -> Answer:
        if service == "kms" and body["KeyId"] == LOG_KEY:
            if operation == "Sign":
                signature = self._log_key.sign(base64.b64decode(body["Message"]))
                value = {"Signature": base64.b64encode(signature).decode()}
            else:
                assert operation == "GetPublicKey"
                public = self._log_key.public_key()
                der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                value = {"PublicKey": base64.b64encode(der).decode()}
            headers = (("Content-Type", "application/x-amz-json-1.1"),)
            return Answer(status=200, headers=headers, body=json.dumps(value).encode())
        return _forwarded(self._targets.get(service, self._aws_url), request)


def _forwarded(url: str, request: Request) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {name: value for name, value in request.headers if name.lower() not in _OURS}
        connection.request(request.method, request.target, request.body, headers)
        answer = connection.getresponse()
        length = answer.getheader("Content-Length")
        return Answer(
            status=answer.status,
            headers=tuple((n, v) for n, v in answer.getheaders() if n.lower() not in _THEIRS),
            body=answer.read(),
            length=int(length) if length and request.method == "HEAD" else None,
        )
    except http.client.RemoteDisconnected:
        return Answer(status=http.client.INTERNAL_SERVER_ERROR, drop=True)  # As the emulator did.
    finally:
        connection.close()


def _dynamodb(operation, body):
    """The actions of a call, each with the partitions it names (dynamodb:LeadingKeys)."""
    if operation == "TransactWriteItems":
        named = [
            (_TRANSACTION[kind], each["TableName"], [each["Item" if kind == "Put" else "Key"]])
            for item in body["TransactItems"]
            for kind, each in item.items()
        ]
    elif operation == "BatchGetItem":
        named = [(operation, table, each["Keys"]) for table, each in body["RequestItems"].items()]
    elif operation == "BatchWriteItem":
        named = [
            (operation, table, [next(iter(next(iter(item.values())).values())) for item in items])
            for table, items in body["RequestItems"].items()
        ]
    elif operation == "Query":
        named = [(operation, body["TableName"], [{"pk": _partition(body)}])]
    else:
        named = [(operation, body["TableName"], [body.get("Item") or body.get("Key")])]
    for action, table, keys in named:
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
        leading = sorted({key["pk"]["S"] for key in keys})
        yield f"dynamodb:{action}", arn, {"dynamodb:LeadingKeys": leading}


def _partition(body):
    names = body.get("ExpressionAttributeNames", {})
    for name, value in _EQUALS.findall(body["KeyConditionExpression"]):
        if names.get(name, name) == "pk":
            return body["ExpressionAttributeValues"][value]
    raise AssertionError(f"no partition in {body['KeyConditionExpression']}")


def _sqs_action(operation):
    return f"sqs:{operation.removesuffix('Batch')}"


def _queue(url):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"


def _ses(request, body):
    path = urlsplit(request.target).path
    if (request.method, path) == ("GET", "/v2/email/account"):
        return [("ses:GetAccount", "*", {})]
    if path.startswith(_LIST_OF_SES):
        which = "one" if path.removeprefix(_LIST_OF_SES) else "all"
        return [(_OF_THE_LIST[request.method, which], "*", {})]
    read = _READ_OF_SES.fullmatch(path) if request.method == "GET" else None
    if read:
        return [_read_of_ses(read)]
    assert "Raw" not in body.get("Content", {}), "a raw message needs ses:SendRawEmail as well"
    domain = body["FromEmailAddress"].rpartition("@")[2].rstrip(">")
    arn = f"arn:aws:ses:{REGION}:{ACCOUNT}"
    return [
        (_SENDING[path], f"{arn}:identity/{domain}", {}),
        (_SENDING[path], f"{arn}:configuration-set/{body['ConfigurationSetName']}", {}),
    ]


_LIST_OF_SES = "/v2/email/suppression/addresses"
_OF_THE_LIST = {
    ("GET", "all"): "ses:ListSuppressedDestinations",
    ("GET", "one"): "ses:GetSuppressedDestination",
    ("PUT", "all"): "ses:PutSuppressedDestination",
    ("DELETE", "one"): "ses:DeleteSuppressedDestination",
}


def _read_of_ses(read):
    """The right to read an identity or a configuration set, and which."""
    name, arn = unquote(read["name"]), f"arn:aws:ses:{REGION}:{ACCOUNT}"
    if read["kind"] == "identities":
        return "ses:GetEmailIdentity", f"{arn}:identity/{name}", {}
    part = "EventDestinations" if read["part"] else ""
    return f"ses:GetConfigurationSet{part}", f"{arn}:configuration-set/{name}", {}


def _s3(request, status):
    """A missing object is told from a forbidden one only to those who may list the bucket."""
    place = urlsplit(request.target)
    bucket, _, key = unquote(place.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    query = parse_qs(place.query, keep_blank_values=True)
    if request.method == "GET" and "versions" in query:
        return [("s3:ListBucketVersions", arn, {})]
    assert key, f"{request.method} of a bucket itself is not an object's call"
    if request.method == "DELETE" and "versionId" in query:
        return [("s3:DeleteObjectVersion", f"{arn}/{key}", {})]
    action = {"HEAD": "Get", "GET": "Get", "PUT": "Put", "DELETE": "Delete"}[request.method]
    context = {}
    if request.method == "PUT":
        context = {"s3:ObjectCreationOperation": ["true"]}
        if request.header("If-None-Match"):
            context["s3:if-none-match"] = [request.header("If-None-Match")]
    found = [(f"s3:{action}Object", f"{arn}/{key}", context)]
    if request.header("If-Match"):
        found.append(("s3:GetObject", f"{arn}/{key}", {}))
    if action == "Get" and status == http.client.NOT_FOUND:
        found.append(("s3:ListBucket", arn, {}))
    return found

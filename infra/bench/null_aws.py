# SPDX-License-Identifier: Apache-2.0
"""AWS that answers at once and counts: a child process on 127.0.0.1 for the real adapters.

It guarantees that requests are counted where they arrive, so that a retry counts as one more. It
checks no signature, no quota and, unless told to, no condition, and keeps no mail: SES here only
counts.

Run as ``python -m infra.bench.null_aws``: prints its port, ends with its parent.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from collections import Counter
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.bench.crowd import Crowd
from infra.bench.null_dynamo import ConditionFailedError, NullDynamo
from infra.bench.people import KEY, dynamo_rows, people
from infra.local.child import end_with_parent, wait_for_stop
from infra.local.http_server import Answer, HttpServer, Request

SENDS_PER_SECOND = 1_000_000
"""What SES says the account may send, until the benchmark says otherwise: nobody waits."""
CONTROL = "/-/"
_JSON = (("Content-Type", "application/x-amz-json-1.0"),)
_XML = (("Content-Type", "application/xml"),)
_KEY = KEY
"""Every data key; `tests.support.memory_keys` wraps the bench's people under the same one."""


class NullAws:
    """Every service the product calls, at one address."""

    def __init__(self) -> None:
        self.dynamo = NullDynamo()
        self.requests: Counter[str] = Counter()
        self.mails = 0
        self.ses_bytes = 0
        self.per_second = SENDS_PER_SECOND
        self.latency_s = 0.0
        self.arrivals: list[tuple[float, int]] = []
        self._objects: dict[str, bytes] = {}
        self._signer = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
        self._lock = threading.Lock()

    def respond(self, request: Request) -> Answer:
        """Answer one request of an SDK, or of the benchmark itself."""
        if request.target.startswith("/v2/email/outbound"):
            # Taken when it arrives; only then does SES take its time over the answer.
            answer = self._sent(request, time.monotonic())
            time.sleep(self.latency_s)
            return answer
        with self._lock:
            if request.target.startswith(CONTROL):
                return self._control(request)
            target = request.header("X-Amz-Target")
            if target:
                return self._targeted(target, json.loads(request.body))
            if request.target.startswith("/v2/email"):
                return self._account()
            return self._s3(request)

    def _control(self, request: Request) -> Answer:
        act = request.target.removeprefix(CONTROL)
        asked = json.loads(request.body)
        if act == "crowd":
            self.dynamo.crowd = Crowd(count=asked["count"], origin=asked["origin"])
        if act == "people":
            for person in people(asked["count"], asked["origin"], asked["state"]):
                for table, item in dynamo_rows(person):
                    self.dynamo.store(table, item)
        if act == "ses":
            self.per_second = asked["per_second"]
            self.latency_s = asked["latency_ms"] / 1000
        if act == "checks":
            self.dynamo.checks = True
        if act == "arrivals":
            return _answer({"arrivals": self.arrivals})
        counts = {
            "requests": dict(self.requests),
            "write_units": self.dynamo.units["write"],
            "read_units": self.dynamo.units["read"],
            "mails": self.mails,
            "ses_bytes": self.ses_bytes,
        }
        return _answer(counts)

    def _targeted(self, target: str, body: dict[str, Any]) -> Answer:
        service, _, operation = target.partition(".")
        if service.startswith("DynamoDB"):
            self.requests[f"dynamodb.{operation}"] += 1
            try:
                return _answer(self.dynamo.answer(operation, body))
            except ConditionFailedError as error:
                return _condition_failed(error.args[0])
        if service == "AmazonSQS":
            self.requests[f"sqs.{operation}"] += 1
            return _answer(_sqs(operation, body))
        self.requests[f"kms.{operation}"] += 1
        return _answer(self._kms(operation, body))

    def _kms(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        if operation == "GenerateMac":
            mac = hmac.digest(_KEY, base64.b64decode(body["Message"]), "sha256")
            return {"Mac": _b64(mac), "KeyId": body["KeyId"]}
        if operation == "Sign":
            signature = self._signer.sign(base64.b64decode(body["Message"]))
            return {"Signature": _b64(signature), "KeyId": body["KeyId"]}
        if operation == "GetPublicKey":
            public = self._signer.public_key()
            der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return {"PublicKey": _b64(der), "KeyId": body["KeyId"]}
        if operation not in {"GenerateDataKey", "Decrypt"}:
            raise KeyError(operation)
        return {"CiphertextBlob": _b64(b"wrapped"), "Plaintext": _b64(_KEY), "KeyId": body["KeyId"]}

    def _account(self) -> Answer:
        self.requests["ses.GetAccount"] += 1
        quota = {"Max24HourSend": 1e7, "MaxSendRate": self.per_second, "SentLast24Hours": 0}
        return _answer({"SendQuota": quota, "SendingEnabled": True})

    def _sent(self, request: Request, at_s: float) -> Answer:
        is_bulk = request.target.endswith("outbound-bulk-emails")
        # Counted as JSON: a mail could hold whatever text a faster way looks for.
        people = len(orjson.loads(request.body)["BulkEmailEntries"]) if is_bulk else 1
        with self._lock:
            self.requests["ses.SendBulkEmail" if is_bulk else "ses.SendEmail"] += 1
            self.arrivals.append((at_s, people))
            self.ses_bytes += len(request.body)
            ids = [self._message_id() for _ in range(people)]
        if not is_bulk:
            return _answer({"MessageId": ids[0]})
        results = [{"Status": "SUCCESS", "MessageId": message_id} for message_id in ids]
        return _answer({"BulkEmailEntryResults": results})

    def _message_id(self) -> str:
        """Return the next id, in the form and length of SES's own."""
        self.mails += 1
        return f"0110018c2f6b1a2b-{self.mails:08x}-4c0f-4b1e-9d57-5a0c6e1f2b3d-000000"

    def _s3(self, request: Request) -> Answer:
        key, _, query = request.target.partition("?")
        if request.method == "GET" and "versions" in parse_qs(query, keep_blank_values=True):
            self.requests["s3.LIST"] += 1
            return self._listed(key, parse_qs(query)["prefix"][0])
        kept = self._objects.get(key)
        self.requests[f"s3.{request.method}"] += 1
        if request.method == "PUT":
            if kept is not None and request.header("If-None-Match") == "*":
                return _refused(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed")
            self._objects[key] = _unchunked(request)
            return Answer(status=HTTPStatus.OK, headers=(("ETag", _etag(self._objects[key])),))
        if request.method == "DELETE":
            self._objects.pop(key, None)
            return Answer(status=HTTPStatus.NO_CONTENT)
        if kept is None:
            return _refused(HTTPStatus.NOT_FOUND, "NoSuchKey")
        tag = (("ETag", _etag(kept)),)
        if request.header("Range"):
            first, last = request.header("Range").removeprefix("bytes=").split("-")
            part = kept[int(first) : int(last) + 1]
            return Answer(status=HTTPStatus.PARTIAL_CONTENT, headers=tag, body=part)
        return Answer(status=HTTPStatus.OK, headers=tag, body=kept)

    def _listed(self, bucket: str, prefix: str) -> Answer:
        """Every object below a prefix, each with one version."""
        begin = f"{bucket}/{prefix}"
        found = [key[len(bucket) + 1 :] for key in self._objects if key.startswith(begin)]
        told = "".join(
            f"<Version><Key>{key}</Key><VersionId>1</VersionId></Version>" for key in found
        )
        body = f"<ListVersionsResult>{told}</ListVersionsResult>".encode()
        return Answer(status=HTTPStatus.OK, headers=_XML, body=body)


def _sqs(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    if operation == "SendMessage":
        return {"MessageId": "0", "MD5OfMessageBody": _md5(body["MessageBody"])}
    if operation != "SendMessageBatch":
        raise KeyError(operation)
    return {
        "Successful": [
            {"Id": entry["Id"], "MessageId": "0", "MD5OfMessageBody": _md5(entry["MessageBody"])}
            for entry in body["Entries"]
        ]
    }


def _unchunked(request: Request) -> bytes:
    """Return an object's bytes; the SDK may frame them as signed chunks with a checksum behind."""
    if "aws-chunked" not in request.header("Content-Encoding"):
        return request.body
    rest, data = request.body, b""
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            break
        data, rest = data + rest[:size], rest[size + 2 :]
    return data


def _answer(document: dict[str, Any]) -> Answer:
    return Answer(status=HTTPStatus.OK, headers=_JSON, body=json.dumps(document).encode())


def _condition_failed(old: dict[str, Any]) -> Answer:
    code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
    body = json.dumps({"__type": code, "message": "The conditional request failed", "Item": old})
    return Answer(status=HTTPStatus.BAD_REQUEST, headers=_JSON, body=body.encode())


def _refused(status: HTTPStatus, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    return Answer(status=status, headers=_XML, body=body)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def main() -> None:
    """Serve until the parent is gone."""
    stop = end_with_parent()
    server = HttpServer(("127.0.0.1", 0), NullAws().respond, max_body_bytes=64 * 1024 * 1024)
    threading.Thread(target=server.serve_forever, name="null AWS", daemon=True).start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    wait_for_stop(stop)
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()

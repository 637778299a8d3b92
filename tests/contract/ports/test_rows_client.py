# SPDX-License-Identifier: Apache-2.0
"""The client that reads rows by the thousand tells what the ordinary one tells.

Both get the same bytes over HTTP, from a server that follows a script: page after page, refusals,
broken and truncated bodies. Should the SDK no longer offer the hook, these tests say so.
"""

import base64
import json
import threading
import tracemalloc
from binascii import crc32
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from chalicelib.adapters import aws
from chalicelib.adapters.dynamo.audience_scan import DynamoAudienceScan
from chalicelib.errors import FatalError, Throttled, Unavailable
from chalicelib.proof.opening import Wanted

BOTH = Wanted.PROFILE | Wanted.FACTS
REQUEST = {"TableName": "rows", "KeyConditionExpression": "pk = :pk"}


def b64(data):
    return base64.b64encode(data).decode()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One scripted answer; ``cut``: bytes promised and not sent before the connection ends."""

    body: bytes
    status: int = 200
    crc: int | None = None
    cut: int = 0


def rows(document):
    body = json.dumps(document).encode()
    return Answer(body=body, crc=crc32(body))


def refusal(code, status=400):
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"})
    return Answer(body=body.encode(), status=status, crc=crc32(body.encode()))


ITEM = {
    "sk": {"S": "Ålesund \U0001f332"},
    "empty": {"S": ""},
    "n": {"N": "-12.5"},
    "sealed": {"B": b64(bytes(range(256)))},
    "nothing": {"B": ""},
    "lists": {"M": {"newsletter": {"S": "given"}, "deep": {"L": [{"B": b64(b"\xff")}]}}},
    "set": {"BS": [b64(b"a"), b64(b"b")]},
    "names": {"SS": ["a", "b"]},
    "flag": {"BOOL": False},
    "none": {"NULL": True},
}
PAGE = rows({"Items": [ITEM, ITEM], "Count": 2, "ScannedCount": 7})
THROTTLE = refusal("ProvisionedThroughputExceededException")
BROKEN = Answer(body=PAGE.body.replace(b"given", b"taken"), crc=PAGE.crc)
CUT_ON_THE_WIRE = Answer(body=PAGE.body[:-30], crc=PAGE.crc, cut=30)
CUT_BEFORE = Answer(body=PAGE.body[:-30], crc=PAGE.crc)
UNCHECKED_CUT = Answer(body=PAGE.body[:-30])


class Server(ThreadingHTTPServer):
    """Answers request n with `script(n, request)`; keeps what was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = []
        self.headers_of = []
        self.script = None

    def follow(self, *answers):
        """Answer with these in turn, the last one again and again."""
        self.asked, self.headers_of = [], []
        self.script = lambda n, _: answers[min(n, len(answers) - 1)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.headers_of.append(dict(self.headers.items()))
        answer = self.server.script(len(self.server.asked) - 1, body)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer.body) + answer.cut))
        if answer.crc is not None:
            self.send_header("x-amz-crc32", str(answer.crc))
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = answer.cut > 0

    def log_message(self, *_):
        """Write nothing."""


@pytest.fixture
def server(monkeypatch):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    # The SDK's back-off is its own business, and long.
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    aws.forget_clients()
    yield server
    aws.forget_clients()
    server.shutdown()
    server.server_close()
    thread.join()


def decoded(value):
    """Return what was answered with its binary values as bytes, as the SDK gives them."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        kind: base64.b64decode(held)
        if kind == "B"
        else [base64.b64decode(each) for each in held]
        if kind == "BS"
        else decoded(held)
        for kind, held in value.items()
    }


def told(server, client, answers):
    """Return what a client makes of a script, and how often it asked."""
    server.follow(*answers)
    try:
        answer = client.query(**REQUEST)
    except ClientError as error:
        outcome = {"refused": error.response["Error"], "operation": error.operation_name}
        metadata = error.response["ResponseMetadata"]
    except HTTPClientError as error:
        return {"error": type(error)}, len(server.asked)
    else:
        metadata = answer.pop("ResponseMetadata")
        outcome = {"answer": answer}
    outcome["status"] = metadata["HTTPStatusCode"]
    outcome["retries"] = metadata["RetryAttempts"]
    return outcome, len(server.asked)


SCRIPTS = {
    "binary": ([PAGE], 1),
    "nobody": ([rows({"Items": [], "Count": 0, "ScannedCount": 0})], 1),
    "empty page, more to come": (
        [
            rows(
                {
                    "Items": [],
                    "Count": 0,
                    "ScannedCount": 9,
                    "LastEvaluatedKey": {"pk": {"S": "a"}, "sk": {"S": "x"}},
                }
            )
        ],
        1,
    ),
    "throttled once": ([THROTTLE, PAGE], 2),
    "throttled for good": ([THROTTLE], aws.ATTEMPTS),
    "fault once": ([refusal("InternalServerError", 500), PAGE], 2),
    "fault without a body": ([Answer(body=b"", status=503), PAGE], 2),
    "impossible": ([refusal("ValidationException")], 1),
    "no such table": ([refusal("ResourceNotFoundException")], 1),
    "checksum wrong once": ([BROKEN, PAGE], 2),
    "cut on the wire once": ([CUT_ON_THE_WIRE, PAGE], 2),
    "cut on the wire for good": ([CUT_ON_THE_WIRE], aws.ATTEMPTS),
    "cut before it was sent, once": ([CUT_BEFORE, PAGE], 2),
    "cut before it was sent, for good": ([CUT_BEFORE], aws.ATTEMPTS),
    "cut and unchecked": ([UNCHECKED_CUT], 1),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_both_clients_make_the_same_of_the_same_bytes(server, name):
    answers, requests = SCRIPTS[name]
    ordinary, asked = told(server, aws.client("dynamodb"), answers)
    fast, asked_fast = told(server, aws.rows_client(), answers)
    if "answer" in fast:
        fast["answer"] = decoded(fast["answer"])
    assert (fast, asked_fast) == (ordinary, asked)
    assert asked == requests


def test_binary_values_stay_text_for_the_one_client_alone(server):
    server.follow(PAGE)
    fast = aws.rows_client().query(**REQUEST)["Items"][0]["sealed"]["B"]
    assert fast == b64(bytes(range(256)))
    assert aws.client("dynamodb").query(**REQUEST)["Items"][0]["sealed"]["B"] == bytes(range(256))
    assert aws.rows_client() is aws.rows_client()
    assert aws.rows_client() is not aws.client("dynamodb")


def test_other_operations_are_answered_as_ever(server):
    server.follow(rows({"Item": ITEM}))
    item = aws.rows_client().get_item(TableName="rows", Key={"pk": {"S": "a"}})["Item"]
    assert item["sealed"]["B"] == bytes(range(256))


CHANGE = {
    "TableName": "rows",
    "Key": {"pk": {"S": "Å"}, "sk": {"S": "1"}},
    "UpdateExpression": "SET #out = :out ADD places :p",
    "ExpressionAttributeNames": {"#out": "out"},
    "ExpressionAttributeValues": {":out": {"B": bytes(range(256))}, ":p": {"NS": ["1", "20"]}},
    "ReturnValues": "ALL_NEW",
}
WRITTEN = {
    "update_item": (CHANGE, {}),
    "batch_write_item": (
        {
            "RequestItems": {
                "rows": [{"PutRequest": {"Item": {**decoded(ITEM), "empty": {"B": b""}}}}]
            }
        },
        {"UnprocessedItems": {}},
    ),
    "batch_get_item": (
        {"RequestItems": {"rows": {"Keys": [CHANGE["Key"]], "ConsistentRead": True}}},
        {"Responses": {}, "UnprocessedKeys": {}},
    ),
}


@pytest.mark.parametrize("operation", WRITTEN)
@pytest.mark.parametrize("make", [lambda: aws.client("dynamodb"), aws.rows_client])
def test_a_request_written_here_is_the_one_the_sdk_writes(server, operation, make):
    request, answer = WRITTEN[operation]
    server.follow(rows(answer))
    getattr(make(), operation)(**request)
    getattr(boto3.client("dynamodb"), operation)(**request)
    ours, theirs = server.asked
    assert ours == theirs
    ours, theirs = server.headers_of
    assert ours.keys() - theirs.keys() == theirs.keys() - ours.keys() == set()
    for name in ("X-Amz-Target", "Content-Type"):
        assert ours[name] == theirs[name]


def test_nothing_but_a_binary_value_is_made_into_one(server):
    with pytest.raises(TypeError, match="set"):
        aws.client("dynamodb").update_item(TableName="rows", Key={"pk": {"S": {"a"}}})


def scanned(server, *answers):
    server.follow(*answers)
    scan = DynamoAudienceScan(audience_table="audience", vault_table="vault")
    return list(scan.people("0", wanted=BOTH))


@pytest.mark.parametrize(
    "body", [UNCHECKED_CUT.body, b"", b"null", b"[]", b"\xff\xfe", b'{"Count": 0}']
)
def test_an_answer_that_cannot_be_read_is_never_the_end_of_a_shard(server, body):
    with pytest.raises(Unavailable):
        scanned(server, Answer(body=body))


def test_a_throttle_for_good_is_ours_to_wait_for(server):
    with pytest.raises(Throttled):
        scanned(server, THROTTLE)


@pytest.mark.parametrize("lost", ["sk", "lists", "sealed"])
def test_a_row_that_is_not_one_of_ours_ends_the_pass(server, lost):
    whole = {"sk": {"S": "a"}, "v": {"N": "1"}, "lists": {"M": {}}, "sealed": {"B": ""}}
    broken = {**whole, lost: {"N": "1"}}
    with pytest.raises(FatalError):
        scanned(server, rows({"Items": [broken]}), rows({"Items": []}))


def test_memory_does_not_grow_with_the_shard(server):
    """Pages of 200 people, 800 and 3,200 people: the same peak."""
    shard = {"people": 0}
    stored = {
        "v": {"N": "1"},
        "lists": {"M": {"newsletter": {"S": "given"}}},
        "sealed": {"B": b64(bytes(460))},
        "wrapped_key": {"B": b64(bytes(65))},
    }

    def page(_, request):
        start = int(request.get("ExclusiveStartKey", {"sk": {"S": "-1"}})["sk"]["S"]) + 1
        end = min(start + 200, shard["people"])
        if ":last" in request["ExpressionAttributeValues"]:
            values = request["ExpressionAttributeValues"]
            start, end = int(values[":first"]["S"]), int(values[":last"]["S"]) + 1
        answer = {"Items": [{**stored, "sk": {"S": f"{n:022d}"}} for n in range(start, end)]}
        if request["TableName"] == "audience" and end < shard["people"]:
            answer["LastEvaluatedKey"] = {"sk": {"S": f"{end - 1:022d}"}}
        return rows(answer)

    def peak(people):
        shard["people"] = people
        scan = DynamoAudienceScan(audience_table="audience", vault_table="vault")
        tracemalloc.start()
        keyed = sum(row.wrapped is not None for row in scan.people("0", wanted=BOTH))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert keyed == people
        server.asked.clear()
        return most

    server.script = page
    peak(200)
    assert peak(3_200) < 1.1 * peak(800)

# SPDX-License-Identifier: Apache-2.0
"""Probes asked of moto with and without the local stack's patches; prints the answers as JSON.

Run as `python moto_probes.py patched|plain`: a patch is for a whole process, so each side has one.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

REGION = "eu-north-1"
KEY = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
ATTRIBUTES = [{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")]


def item(pk: str, sk: str, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}} | more


def put(table: str, what: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": what} | more}


def change(
    table: str, pk: str, sk: str, expression: str, values: dict[str, Any], **more: Any
) -> Any:
    return {
        "Update": {
            "TableName": table,
            "Key": item(pk, sk),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
        }
        | more
    }


ONE = {":o": {"N": "1"}}
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def answer(call: Any, **arguments: Any) -> Any:
    """Return what a call answers, or how it is refused, without what differs from run to run."""
    try:
        result = call(**arguments)
    except ClientError as error:
        return {
            "error": error.response["Error"],
            "reasons": error.response.get("CancellationReasons"),
        }
    result.pop("ResponseMetadata")
    return result


def transactions(dynamodb: Any) -> list[Any]:
    """Transactions that succeed, fail in each way, and what is stored after each."""

    def scan() -> list[Any]:
        return [
            sorted(dynamodb.scan(TableName=t)["Items"], key=json.dumps)
            for t in ("one", "two", "hash")
        ]

    told: list[Any] = []
    for operations in (
        [
            put("one", item("a", "1", n={"N": "1"})),
            put("two", item("b", "1")),
            put("hash", {"pk": {"S": "h"}}),
        ],
        [put("one", item("a", "2"), **ABSENT), change("one", "a", "1", "SET n = n + :o", ONE)],
        # An update in place that a later operation undoes.
        [
            change("one", "a", "1", "SET n = n + :o", ONE),
            put("two", item("b", "1"), **ABSENT, **OLD),
        ],
        [change("one", "new", "1", "SET n = :o", ONE), put("two", item("b", "1"), **ABSENT)],
        [
            {"Delete": {"TableName": "one", "Key": item("a", "2")}},
            {"Delete": {"TableName": "hash", "Key": {"pk": {"S": "h"}}}},
            put("hash", {"pk": {"S": "g"}}),
            put("two", item("b", "1"), **ABSENT),
        ],
        [
            {
                "ConditionCheck": {
                    "TableName": "one",
                    "Key": item("a", "1"),
                    "ConditionExpression": "n = :o",
                    "ExpressionAttributeValues": {":o": {"N": "9"}},
                }
                | OLD
            },
            put("one", item("c", "1")),
        ],
        [put("one", item("a", "1")), put("one", item("a", "1"))],
        [put("one", item("d", "1")), change("one", "a", "1", "ADD s :o", {":o": {"S": "x"}})],
        [put("one", {"pk": {"S": "no sort key"}}), put("two", item("z", "1"))],
        [put("nowhere", item("a", "1")), put("two", item("z", "1"))],
        [{"Delete": {"TableName": "one", "Key": item("a", "2")}}],
        [put("one", item(f"m{n}", "1")) for n in range(101)],
    ):
        told.append(answer(dynamodb.transact_write_items, TransactItems=operations))
        told.append(scan())
    return told


def reads(dynamodb: Any) -> list[Any]:
    """Queries by partition in every form, items of every type, conditions, batches."""
    fill(dynamodb)
    return [
        answer(dynamodb.get_item, TableName="two", Key=item("p", "E#001")),
        *queries(dynamodb),
        *conditions(dynamodb),
    ]


def fill(dynamodb: Any) -> None:
    """Store five items of every type in each of two partitions."""
    every = {
        "s": {"S": ""},
        "n": {"N": "1.50"},
        "b": {"B": b"\x00\xff"},
        "t": {"BOOL": False},
        "z": {"NULL": True},
        "ss": {"SS": ["a"]},
        "ns": {"NS": ["1"]},
        "bs": {"BS": [b"\x01"]},
        "m": {"M": {"in": {"L": [{"B": b"x"}, {"M": {}}, {"N": "7"}, {"S": "å"}]}}},
        "l": {"L": []},
    }
    for pk in ("p", "q"):
        for n in (3, 1, 2, 10, 20):
            dynamodb.put_item(TableName="two", Item=item(pk, f"E#{n:03}", **every))


def queries(dynamodb: Any) -> list[Any]:
    """Queries by partition in every form, of partitions with items and without."""
    told = []
    values = {":p": {"S": "p"}, ":a": {"S": "E#002"}, ":z": {"S": "E#010"}, ":n": {"N": "0"}}
    for condition, extra in (
        ("pk = :p", {}),
        ("pk = :p", {"ScanIndexForward": False, "Limit": 2}),
        ("pk = :p AND sk > :a", {"Limit": 2}),
        ("pk = :p AND sk BETWEEN :a AND :z", {}),
        ("pk = :p AND begins_with(sk, :a)", {}),
        ("pk = :p AND sk = :a", {"ConsistentRead": True}),
        ("pk = :p", {"FilterExpression": "n > :n", "Limit": 3}),
        ("pk = :p", {"Select": "COUNT"}),
        ("pk = :p", {"ProjectionExpression": "sk, m.#i", "ExpressionAttributeNames": {"#i": "in"}}),
        ("pk = :p", {"ExclusiveStartKey": item("p", "E#002")}),
        ("pk = :p", {"ExclusiveStartKey": item("p", "E#010"), "ScanIndexForward": False}),
    ):
        used = {k: v for k, v in values.items() if k in condition + str(extra)}
        told.append(
            answer(
                dynamodb.query,
                TableName="two",
                KeyConditionExpression=condition,
                ExpressionAttributeValues=used,
                **extra,
            )
        )
    for table, pk in (("two", "nobody"), ("hash", "h")):
        told.append(
            answer(
                dynamodb.query,
                TableName=table,
                KeyConditionExpression="pk = :p",
                ExpressionAttributeValues={":p": {"S": pk}},
            )
        )
    return told


def conditions(dynamodb: Any) -> list[Any]:
    """A put that a condition refuses, an update, and a batch of which one item is missing."""
    return [
        answer(dynamodb.put_item, TableName="two", Item=item("p", "E#001"), **ABSENT, **OLD),
        answer(
            dynamodb.update_item,
            TableName="two",
            Key=item("p", "E#001"),
            UpdateExpression="SET n = n + :o REMOVE l",
            ExpressionAttributeValues=ONE,
            ReturnValues="ALL_NEW",
        ),
        answer(
            dynamodb.batch_get_item,
            RequestItems={
                "two": {"Keys": [item("p", "E#001"), item("q", "E#003"), item("x", "y")]}
            },
        ),
    ]


def queues(sqs: Any) -> list[Any]:
    """Sending, receiving, visibility, delay, deletion and dead letters."""
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    url = sqs.create_queue(
        QueueName="live",
        Attributes={
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"}),
        },
    )["QueueUrl"]

    def counts(of: str) -> dict[str, str]:
        names = [f"ApproximateNumberOfMessages{end}" for end in ("", "Delayed", "NotVisible")]
        return sqs.get_queue_attributes(QueueUrl=of, AttributeNames=names)["Attributes"]

    told: list[Any] = [counts(url)]
    sqs.send_message(
        QueueUrl=url,
        MessageBody="one",
        MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}},
    )
    sqs.send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "a", "MessageBody": "two"},
            {"Id": "b", "MessageBody": "later", "DelaySeconds": 900},
        ],
    )
    told.append(counts(url))
    first = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, MessageAttributeNames=["All"]
    )["Messages"]
    told += [[(m["Body"], m.get("MessageAttributes")) for m in first], counts(url)]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    told.append(answer(sqs.delete_message, QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"]))
    told.append(answer(sqs.delete_message, QueueUrl=url, ReceiptHandle="nothing"))
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=first[1]["ReceiptHandle"], VisibilityTimeout=0
    )
    told.append(counts(url))
    for _ in range(2):
        told.append([m["Body"] for m in sqs.receive_message(QueueUrl=url).get("Messages", [])])
    told += [counts(url), counts(dead)]
    told.append([m["Body"] for m in sqs.receive_message(QueueUrl=dead)["Messages"]])
    told.append(
        sorted(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])
    )
    return told


@mock_aws
def main() -> None:
    if sys.argv[1] == "patched":
        from infra.local import moto_speed

        moto_speed.apply()
    session = boto3.session.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
    )
    dynamodb = session.client("dynamodb")
    for table in ("one", "two"):
        dynamodb.create_table(
            TableName=table,
            KeySchema=KEY,
            AttributeDefinitions=ATTRIBUTES,
            BillingMode="PAY_PER_REQUEST",
        )
    dynamodb.create_table(
        TableName="hash",
        KeySchema=KEY[:1],
        AttributeDefinitions=ATTRIBUTES[:1],
        BillingMode="PAY_PER_REQUEST",
    )
    told = {
        "transactions": transactions(dynamodb),
        "reads": reads(dynamodb),
        "queues": queues(session.client("sqs")),
    }
    print(json.dumps(told, default=repr, sort_keys=True))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Events in the shape AWS sends them to a function: API Gateway proxy, SQS batch, schedule.

Source: AWS Lambda developer guide, "Using AWS Lambda with Amazon API Gateway", "… with Amazon SQS";
Amazon EventBridge user guide, "Creating a rule that runs on a schedule".
"""

import base64
import hashlib
import json

ACCOUNT = "123456789012"
REGION = "eu-north-1"


def http(method, path, *, route=None, parameters=None, headers=None, query=None, body=None):
    """Return a REST proxy event; `route` is the declared path, such as /forms/{form_id}.

    The body is in base64, as it is where every content type is declared binary.
    """
    sent = {"Host": "news.example.org", "Accept": "text/html,*/*;q=0.8", **(headers or {})}
    return {
        "resource": route or path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()}
        or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "a1b2c3",
            "resourcePath": route or path,
            "httpMethod": method,
            "extendedRequestId": "Kx1ABcDEfG=",
            "requestTime": "22/Nov/2026:12:00:00 +0000",
            "path": path,
            "accountId": ACCOUNT,
            "protocol": "HTTP/1.1",
            "stage": "api",
            "domainPrefix": "news",
            "requestTimeEpoch": 1795348800000,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {
                "cognitoIdentityPoolId": None,
                "accountId": None,
                "sourceIp": "192.0.2.7",
                "userAgent": "Mozilla/5.0",
                "user": None,
                "apiKey": None,
            },
            "domainName": "news.example.org",
            "deploymentId": "d3p10y",
            "apiId": "q1w2e3r4t5",
        },
        "body": base64.b64encode(body.encode()).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def sqs(queue, bodies):
    """Return a batch from `queue`; `bodies` are texts, or values to be sent as JSON."""
    return {"Records": [_record(queue, n, body) for n, body in enumerate(bodies)]}


def message_id(n):
    """Return the id of the n-th record of a batch."""
    return f"059f36b4-87a3-44ab-83d2-66197573{n:04x}"


def _record(queue, n, body):
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "messageId": message_id(n),
        "receiptHandle": f"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a{n}",
        "body": text,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1795348800000",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1795348800001",
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
        "awsRegion": REGION,
    }


def body_of(reply):
    """Return the text of an HTTP answer, as API Gateway would send it."""
    body = reply["body"]
    return base64.b64decode(body).decode() if reply.get("isBase64Encoded") else body


def schedule(rule):
    """Return the event of a schedule rule."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": "2026-11-22T12:00:00Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }

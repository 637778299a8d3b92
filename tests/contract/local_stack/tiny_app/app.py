# SPDX-License-Identifier: Apache-2.0
"""A tiny app in the product's form: routes, a queue and a schedule."""

import json

from chalice import Chalice, Rate, Response

app = Chalice(app_name="tiny")
app.api.binary_types = ["*/*"]
FORM = ["application/x-www-form-urlencoded", "application/json"]


@app.route("/hello/{name}", methods=["GET", "HEAD", "POST"], content_types=FORM)
def hello(name):
    request = app.current_request
    told = {
        "name": name,
        "body": request.raw_body.decode(),
        "origin": request.context["identity"]["sourceIp"],
    }
    headers = {"Content-Type": "application/json", "Set-Cookie": ["a=1", "b=2"]}
    return Response(json.dumps(told).encode(), headers=headers)


@app.route("/bytes")
def some_bytes():
    return Response(b"\x00\xff", headers={"Content-Type": "application/zip"})


@app.on_sqs_message(queue="kvitto-chunks", batch_size=10, name="send_chunks")
def send_chunks(event):
    bodies = [record.body for record in event]
    print("chunks", json.dumps(bodies), flush=True)
    failed = [r.to_dict()["messageId"] for r in event if r.body == "bad" and first_time(r)]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def first_time(record):
    return record.to_dict()["attributes"]["ApproximateReceiveCount"] == "1"


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sequence_on_schedule")
def sequence_on_schedule(event):
    print("tick", event.detail_type, flush=True)

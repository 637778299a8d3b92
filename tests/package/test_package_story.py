# SPDX-License-Identifier: Apache-2.0
"""One person's way through the unzipped package: sign-up, mail, consent, campaign, event, proof.

Every step is a real message of the step before, taken from its queue and handed to the deployed
handler together with a record that cannot be read: only that one may come back.
"""

import json
import re

import boto3
import pytest

from chalicelib.adapters import aws as clients
from chalicelib.config import Settings
from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.jobs import JobStatus
from infra.local import demo
from infra.local.demo_data import DEMO_FORM, DEMO_LIST
from tests.package import lambda_events
from tests.package.templates import HTTP

VISITOR = "visitor@example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOT_JSON = "this is not JSON"


@pytest.fixture
def operator(aws, monkeypatch):
    """The product's services in this process, as the operator's console uses them."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    clients.forget_clients()
    yield demo.prepare(Settings.from_env(aws.environment), "key-of-the-package-test")
    clients.forget_clients()


@pytest.fixture
def consume(aws, start):
    """Hand what waits in a handler's queue to the handler, once `least` messages have come."""
    sqs = boto3.client(
        "sqs",
        endpoint_url=aws.environment["AWS_ENDPOINT_URL"],
        region_name=aws.environment["AWS_REGION"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

    def run(handler, least=1):
        url = aws.queues[handler]
        done = 0
        while True:
            waiting = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0 if done >= least else 5
            ).get("Messages", [])
            if not waiting:
                assert done >= least, f"{done} messages came for {handler}"
                return done
            bodies = [message["Body"] for message in waiting]
            function = start(f"app.{handler}")
            reply = function.invoke(lambda_events.sqs("kvitto-queue", [*bodies, NOT_JSON]))
            bad = {"itemIdentifier": lambda_events.message_id(len(bodies))}
            assert reply.value == {"batchItemFailures": [bad]}, function.printed()
            for message in waiting:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done += len(bodies)

    return run


def post(start, path, route, parameters, body):
    event = lambda_events.http(
        "POST", path, route=route, parameters=parameters, headers=FORM, body=body
    )
    reply = start(HTTP).invoke(event)
    assert reply.value["statusCode"] == 200, lambda_events.body_of(reply.value)


def sign_up_and_confirm(aws, start, consume):
    post(
        start,
        f"/forms/{DEMO_FORM.id}",
        "/forms/{form_id}",
        {"form_id": DEMO_FORM.id},
        "email=visitor%40example.org&newsletter=yes&lang=en",
    )
    assert consume("send_confirmations") == 1
    (mail,) = aws.mailbox.to_address(VISITOR)
    token = re.search(r"/confirm/([A-Za-z0-9_-]+)", mail.body("plain")).group(1)
    post(start, f"/confirm/{token}", "/confirm/{token}", {"token": token}, "act=confirm")


def send_campaign(aws, operator, consume):
    campaign = operator.campaigns.create(
        name="Autumn",
        list_id=DEMO_LIST.id,
        purpose=DEMO_FORM.boxes[0].purpose,
        content=Content(subject="Autumn news", html="<p>Hello from the package</p>"),
    )
    operator.campaigns.act(campaign.id, Act.SEND)
    assert consume("plan_campaigns") == 16
    assert consume("send_chunks") == 1
    mail = aws.mailbox.to_address(VISITOR)[-1]
    assert mail.header("Subject") == "Autumn news"
    assert mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def export_proof(operator, consume):
    from chalicelib.services.proofs import Wish

    job = operator.proofs.request({"email": VISITOR}, Wish())
    for _ in range(10):
        consume("sequence_ledger", least=0)
        consume("build_proofs")
        if operator.proofs.get(job.id).status is JobStatus.READY:
            return operator.proofs.bundle(job.id)
    raise AssertionError(f"the proof was not built: {operator.proofs.get(job.id)}")


@pytest.mark.slow
def test_every_consumer_of_the_package_finishes_real_work_beside_a_record_it_hands_back(
    aws, operator, start, consume
):
    assert consume("sequence_ledger") >= 1  # the form's notices enter the log before their use
    sign_up_and_confirm(aws, start, consume)
    assert consume("sequence_ledger") >= 1
    send_campaign(aws, operator, consume)
    assert consume("record_ses_events", least=2) >= 2
    assert export_proof(operator, consume).startswith(b"PK")
    advanced = start("app.advance_campaigns").invoke(lambda_events.schedule("kvitto-advance"))
    assert not advanced.failed, json.dumps(advanced.value)

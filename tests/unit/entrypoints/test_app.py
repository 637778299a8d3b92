# SPDX-License-Identifier: Apache-2.0
"""The app module itself: what importing it costs, and what it declares."""

import subprocess
import sys
from pathlib import Path

from chalice.app import ScheduledEventConfig, SQSEventConfig

import app

ROOT = Path(__file__).resolve().parents[3]
SLOW = "boto3 botocore pynamodb jinja2 jsonschema cryptography rfc8785 email_validator altcha"
PROBE = f"""
import os, sys
class Watched(dict):
    def get(self, key, default=None):
        assert not str(key).startswith("KVITTO"), key
        return super().get(key, default)
os.environ = Watched(os.environ)
import app
print(" ".join(name for name in "{SLOW}".split() if name in sys.modules))
"""


def test_importing_the_app_loads_no_sdk_and_reads_no_setting():
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_queues_and_schedules_are_declared_with_their_sizes():
    queues = {
        source.handler_string: (
            source.queue,
            source.batch_size,
            source.maximum_batching_window_in_seconds,
        )
        for source in app.app.event_sources
        if isinstance(source, SQSEventConfig)
    }
    assert queues == {
        "app.send_confirmations": ("kvitto-confirmations", 10, 0),
        "app.plan_campaigns": ("kvitto-plans", 1, 0),
        "app.send_chunks": ("kvitto-chunks", 1, 0),
        "app.record_ses_events": ("kvitto-ses-events", 1000, 10),
        "app.receive_mails": ("kvitto-inbound", 10, 0),
        "app.sequence_ledger": ("kvitto-sequencing", 100, 1),
        "app.build_proofs": ("kvitto-proofs", 1, 0),
        "app.erase_subjects": ("kvitto-erasures", 1, 0),
        "app.anchor_checkpoints": ("kvitto-anchors", 1, 0),
        "app.evaluate_segments": ("kvitto-segments", 1, 0),
        "app.keep_suppressions": ("kvitto-suppressions", 1, 0),
        "app.import_people": ("kvitto-imports", 1, 0),
    }
    schedules = {
        source.handler_string: source.schedule_expression.to_string()
        for source in app.app.event_sources
        if isinstance(source, ScheduledEventConfig)
    }
    assert schedules == {
        "app.sequence_on_schedule": "rate(1 minute)",
        "app.advance_campaigns": "rate(1 minute)",
        "app.log_heartbeat": "rate(1 day)",
        "app.erase_unconfirmed": "rate(1 day)",
        "app.refold_orders": "rate(1 day)",
        "app.sync_suppressions": "rate(1 day)",
        "app.anchor_on_schedule": "rate(1 hour)",
    }


def test_every_address_has_every_method_so_that_refusals_are_ours():
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    for path, declared in app.app.routes.items():
        assert set(declared) == methods, path
        assert all(entry.content_types == ["*/*"] for entry in declared.values()), path


def test_a_client_without_accept_gets_its_answer(world):
    event = {
        "httpMethod": "POST",
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"token": "x"},
        "stageVariables": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/unsubscribe/{token}"},
        "body": None,
        "isBase64Encoded": False,
    }
    answer = app.app(event, None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (404, True)


def test_a_body_the_gateway_encoded_wrongly_is_400(world):
    event = {
        "headers": {"content-type": "application/json", "accept": "*/*"},
        "multiValueHeaders": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"form_id": "demo"},
        "stageVariables": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/forms/{form_id}"},
        "body": "%%%",
        "isBase64Encoded": True,
    }
    assert app.app(event, None)["statusCode"] == 400

# SPDX-License-Identifier: Apache-2.0
"""The unzipped package as an installation of its own: emulator, recorder, one process a handler.

It guarantees that every AWS call of a handler passes the recorder under the handler's own name,
and that whatever a queue held was handed over beside a record that cannot be read, of which alone
the handler may complain.
"""

import http.client
import json
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest

from chalicelib.adapters import aws as clients
from chalicelib.bootstrap import Container
from chalicelib.config import Settings
from chalicelib.domain.api_keys import KeyScope
from tests.package import lambda_events
from tests.package.recorder import LOG_KEY, Recorder
from tests.package.runtime_api import Function
from tests.package.templates import HTTP

ROOT = Path(__file__).resolve().parents[2]
KEY = "key-of-the-package-walk"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOT_JSON = "this is not JSON"


class Installation:
    """What a walk does with the package. Answers of pages and API come back as (status, body)."""

    def __init__(self, *, tree: Path, runtime_client: Path, started, recorder: Recorder) -> None:
        self._places = {"tree": tree, "client": runtime_client, "checkout": ROOT}
        self._queues = started["queues"]
        self._direct = started["environment"]
        self._recorder = recorder
        self._functions: dict[str, Function] = {}
        self._clients: dict[str, Any] = {}
        self.finished: Counter[str] = Counter()
        self.environment = {
            name: value.replace(self._direct["AWS_ENDPOINT_URL"], recorder.url)
            for name, value in self._direct.items()
        } | {
            "AWS_ENDPOINT_URL_SESV2": recorder.url,
            "KVITTO_BASE_URL": "http://127.0.0.1:8000",
            "KVITTO_LEDGER_ORIGIN": "localhost/kvitto/walk",
            "KVITTO_CONTROLLER": "controller",
            "KVITTO_LOG_KEY": f"kms:{LOG_KEY}",
            "KVITTO_SIGNUPS_PER_HOUR": "100000",
            "KVITTO_PLAIN_SIGNUPS_PER_HOUR": "100000",
            "KVITTO_FORM_SIGNUPS_PER_HOUR": "100000",
            "KVITTO_BULK_FROM": "1",
        }

    def close(self) -> None:
        """Stop every process and close every connection."""
        for function in self._functions.values():
            function.close()
        for client in self._clients.values():
            client.close()

    def make_first_key(self) -> None:
        """Do what `make admin-key` does with the operator's own rights."""
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self._direct.items():
                patched.setenv(name, value)
            clients.forget_clients()
            ring = Container(Settings.from_env(self.environment)).key_ring
            ring.create("walk", KeyScope, text=KEY)
            clients.forget_clients()

    def client(self, service: str):
        """Return a client of the emulator that the recorder does not see."""
        if service not in self._clients:
            self._clients[service] = boto3.session.Session().client(
                service,
                endpoint_url=self._direct["AWS_ENDPOINT_URL"],
                region_name=self._direct["AWS_REGION"],
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )
        return self._clients[service]

    def _function(self, handler: str) -> Function:
        if handler not in self._functions:
            self._functions[handler] = Function(
                **self._places,
                handler=handler,
                environment={**self.environment, "AWS_ACCESS_KEY_ID": handler},
            )
        return self._functions[handler]

    def schedule(self, name: str) -> None:
        """Let a schedule's handler run once."""
        reply = self._function(f"app.{name}").invoke(lambda_events.schedule(f"kvitto-{name}"))
        assert not reply.failed, self._function(f"app.{name}").printed()

    def hand_over(self, name: str, bodies) -> None:
        """Hand messages to a queue's handler: all are finished but the one that is no JSON."""
        function = self._function(f"app.{name}")
        reply = function.invoke(lambda_events.sqs("kvitto-queue", [*bodies, NOT_JSON]))
        bad = {"itemIdentifier": lambda_events.message_id(len(bodies))}
        assert reply.value == {"batchItemFailures": [bad]}, function.printed()
        self.finished[name] += len(bodies)

    def hand_back(self, name: str, body) -> None:
        """Hand one message to a queue's handler, which cannot finish it and says so."""
        function = self._function(f"app.{name}")
        reply = function.invoke(lambda_events.sqs("kvitto-queue", [body]))
        failed = {"batchItemFailures": [{"itemIdentifier": lambda_events.message_id(0)}]}
        assert reply.value == failed, function.printed()

    def take(self, name: str, wait_s: int = 0) -> list[str]:
        """Take up to ten messages out of a handler's queue."""
        sqs, url = self.client("sqs"), self._queues[name]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s)
        messages = found.get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    def consume(self, name: str, least: int = 1) -> int:
        """Hand over what waits in the handler's queue, once `least` messages have come."""
        done = 0
        while bodies := self.take(name, wait_s=0 if done >= least else 5):
            self.hand_over(name, bodies)
            done += len(bodies)
        assert done >= least, f"{done} messages came for {name}"
        return done

    def http(self, method: str, route: str, *, body=None, headers=None, query=None, **words):
        """Ask the HTTP handler; return (status, body, headers)."""
        event = lambda_events.http(
            method,
            route.format_map(words),
            route=route,
            parameters=words or None,
            headers=headers,
            query=query,
            body=body,
        )
        function = self._function(HTTP)
        reply = function.invoke(event)
        assert not reply.failed, function.printed()
        value = reply.value
        assert value["statusCode"] < 500, function.printed()
        several = {name: values[0] for name, values in value.get("multiValueHeaders", {}).items()}
        return value["statusCode"], value, {**several, **value.get("headers", {})}

    def page(self, method: str, route: str, fields=None, *, expect: int = 200, **words):
        """Ask for a page, or send a form; return its text."""
        body, headers = (None, None) if fields is None else (urlencode(fields), FORM)
        status, value, _ = self.http(method, route, body=body, headers=headers, **words)
        text = lambda_events.body_of(value)
        assert status == expect, text
        return text

    def api(self, method: str, route: str, body=None, *, expect=200, key=None, query=None, **words):
        """Ask the API with the walk's key; return the answer's JSON, or None."""
        headers = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        text = None if body is None else json.dumps(body)
        status, value, _ = self.http(
            method, f"/api/v1{route}", body=text, headers=headers, query=query, **words
        )
        answer = lambda_events.body_of(value)
        assert status == expect, answer
        return json.loads(answer) if answer else None

    def mails(self, to: str):
        """Return the mails to an address, oldest first."""
        return self._ask_ses("GET", f"/local/mailbox.json?{urlencode({'to': to})}")["messages"]

    def happen(self, message_id: str, kind: str, **more: str) -> None:
        """Let something happen to an accepted mail: its event comes by topic and queue."""
        asked = {"message_id": message_id, "type": kind, **more}
        self._ask_ses("POST", "/local/ses/events", asked)

    def list_at_ses(self, email: str, reason: str, since_ms: int) -> None:
        """Put an address on SES's own list of suppressed addresses, as of then."""
        asked = {"address": email, "reason": reason, "last_update_ms": since_ms}
        self._ask_ses("PUT", "/local/ses/suppression", asked)

    def at_ses(self, email: str) -> str | None:
        """Return what SES's own list has an address for, or None."""
        return self._ask_ses("GET", "/local/ses/state")["suppressed"].get(email)

    def change_at_ses(self, what: str, **members: object) -> None:
        """Let SES see the account, an identity or a configuration set otherwise."""
        self._ask_ses("PUT", f"/local/ses/{what}", members)

    def receive(self, mail) -> None:
        """Let a mail to the inbound domain come in: its notice comes by topic and queue."""
        self._ask_ses("POST", "/local/inbound", mail)

    def plant(self, fault: str) -> None:
        """Let the next call that sends end so."""
        self._ask_ses("POST", "/local/ses/faults", {"kind": fault})

    def _ask_ses(self, method: str, target: str, body=None):
        place = urlsplit(self._direct["AWS_ENDPOINT_URL_SESV2"]).netloc
        link = http.client.HTTPConnection(place, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            link.request(method, target, text, {"Content-Type": "application/json"})
            answer = link.getresponse()
            assert answer.status == http.client.OK, answer.read()
            return json.loads(answer.read())
        finally:
            link.close()


@contextmanager
def installed(tree: Path, runtime_client: Path):
    """Yield (installation, recorder) over an emulator in a process of its own."""
    keys = tempfile.TemporaryDirectory()
    emulator = subprocess.Popen(
        (sys.executable, "-m", "infra.local.aws", keys.name),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        started = json.loads(emulator.stdout.readline())
        environment = started["environment"]
        recorder = Recorder(
            aws_url=environment["AWS_ENDPOINT_URL"], ses_url=environment["AWS_ENDPOINT_URL_SESV2"]
        )
        one = Installation(
            tree=tree, runtime_client=runtime_client, started=started, recorder=recorder
        )
        try:
            yield one, recorder
        finally:
            one.close()
            recorder.close()
    finally:
        emulator.stdin.close()
        emulator.stdout.close()
        emulator.wait(timeout=60)
        keys.cleanup()

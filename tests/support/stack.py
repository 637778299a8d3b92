# SPDX-License-Identifier: Apache-2.0
"""The real local stack, and a person with curl and a mailbox before it.

`running` starts a stack (`local_run`) and stops it however the test ends. `Stack` speaks HTTP as
curl does: one connection a request, no cookies, no redirects followed.
"""

import http.client
import io
import itertools
import json
import re
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.support.local_run import LocalRun, listening, until

FORM = "application/x-www-form-urlencoded"
REGION = "eu-north-1"
TESTER = "tester@example.com"
"""Gets the test mail that every campaign needs; nobody looks at it."""
_LINK = r"http://[^\s\"<>]*?({path}/[A-Za-z0-9_-]+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, its body read."""

    status: int
    headers: Message
    body: bytes

    @property
    def type(self) -> str:
        """The media type without parameters."""
        return str(self.headers.get_content_type())

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Stack(LocalRun):
    """A started stack."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, settings)
        self._people = itertools.count(1)

    # HTTP

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask as curl does. ``target`` is a path or one of the stack's own addresses."""
        place = urlsplit(self.base_url)
        target = target.removeprefix(self.base_url)
        data = body.encode() if isinstance(body, str) else body
        sent = {"Accept": "*/*", "User-Agent": "curl/8.9.1", **(headers or {})}
        with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)) as c:
            c.request(method, target, data, sent)
            answer = c.getresponse()
            return Answer(status=answer.status, headers=answer.headers, body=answer.read())

    def get(self, target: str, **headers: str) -> Answer:
        return self.ask("GET", target, headers=headers)

    def post_form(self, target: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Post fields form-encoded."""
        return self.ask("POST", target, urlencode(fields), {"Content-Type": FORM, **headers})

    def api(
        self, method: str, noun: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> Answer:
        """Call the API below ``/api/v1`` with the stack's key, or another."""
        sent = {"Authorization": f"Bearer {key or self.api_key}", **headers}
        if body is None:
            return self.ask(method, f"/api/v1{noun}", None, sent)
        sent = {"Content-Type": "application/json", **sent}
        return self.ask(method, f"/api/v1{noun}", json.dumps(body), sent)

    # The mailbox

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Mails to an address, oldest first."""
        answer = self.get(f"/local/mailbox.json?{urlencode({'to': to})}")
        assert answer.status == 200, answer.text
        return list(answer.json["messages"])

    def wait_mail(self, to: str, subject: str) -> dict[str, Any]:
        """The newest mail whose subject holds ``subject``."""

        def look() -> dict[str, Any] | None:
            found = [mail for mail in self.mails(to) if subject in mail["subject"]]
            return found[-1] if found else None

        mail = until(look, f"a mail to {to}")
        assert isinstance(mail, dict)
        return mail

    # What people do

    def address(self, name: str = "visitor", domain: str = "example.org") -> str:
        """An address that nobody used on this stack."""
        return f"{name}+{next(self._people)}@{domain}"

    def sign_up(self, email: str, **fields: str) -> Answer:
        """Submit the demo form."""
        answer = self.post_form("/forms/demo", {"email": email, "newsletter": "yes", **fields})
        assert answer.status == 200, answer.text
        return answer

    def confirm_link(self, email: str) -> str:
        """The path of the confirmation page in the newest mail that has one."""

        def look() -> str | None:
            for mail in reversed(self.mails(email)):
                if found := link_in(mail["text"], "/confirm"):
                    return found
            return None

        return str(until(look, f"a confirmation mail to {email}"))

    def subscribe(self, email: str, **fields: str) -> dict[str, Any]:
        """Walk the double opt-in and return the subscriber as the API shows them."""
        self.sign_up(email, **fields)
        answer = self.post_form(self.confirm_link(email), {"answer": "confirm"})
        assert answer.status == 200, answer.text
        found = self.subscriber(email)
        assert found is not None
        return found

    def subscriber(self, email: str) -> dict[str, Any] | None:
        """The subscriber with this address, or None."""
        answer = self.api("GET", f"/subscribers?{urlencode({'email': email})}")
        assert answer.status == 200, answer.text
        found = answer.json["items"]
        return found[0] if found else None

    def suppressions(self, email: str) -> list[str]:
        """Reasons an address is suppressed for."""
        answer = self.api("GET", f"/suppressions?{urlencode({'email': email})}")
        assert answer.status == 200, answer.text
        return [item["reason"] for item in answer.json["items"]]

    def send_campaign(self, subject: str, html: str, tester: str = TESTER, **content: str) -> str:
        """Write a campaign to the demo list, test it, start it, and return its id."""
        campaign = self.tested_campaign(subject, html, tester, **content)
        self.start_campaign(campaign)
        return campaign

    def tested_campaign(self, subject: str, html: str, tester: str = TESTER, **content: str) -> str:
        """Write a campaign to the demo list, test it, and return its id."""
        made = self.api(
            "POST",
            "/campaigns",
            {
                "name": "A campaign",
                "list": "newsletter",
                "purpose": "newsletter",
                "subject": subject,
                "html": html,
                **content,
            },
        )
        assert made.status == 201, made.text
        self.test_campaign(made.json["id"], tester)
        return str(made.json["id"])

    def start_campaign(self, campaign: str) -> None:
        """Start a tested campaign, whatever came back of those of other tests."""
        for domain in self.api("GET", "/deliverability/domains").json["items"]:
            if domain["level"] == "stop":
                self.api("POST", f"/deliverability/domains/{domain['id']}/resume")
        started = self.api("POST", f"/campaigns/{campaign}/send")
        assert started.status == 202, started.text

    def test_campaign(self, campaign: str, tester: str = TESTER) -> None:
        """Send a test of a campaign that SES takes, so that it may be sent."""
        tested = self.api("POST", f"/campaigns/{campaign}/test", {"to": tester})
        assert tested.status == 202, tested.text

    def finished(self, campaign: str) -> dict[str, Any]:
        """The campaign's progress once it is sent."""

        def look() -> dict[str, Any] | None:
            seen = self.api("GET", f"/campaigns/{quote(campaign)}").json
            return seen if seen["status"] == "sent" else None

        seen = until(look, f"the end of campaign {campaign}")
        assert isinstance(seen, dict)
        return seen

    def export_proof(self, **selector: Any) -> bytes:
        """Ask for a proof, wait for it, and return the zip."""
        asked = self.api("POST", "/proofs", selector)
        assert asked.status == 202, asked.text
        job = asked.json["id"]

        def look() -> dict[str, Any] | None:
            seen = self.api("GET", f"/proofs/{job}").json
            return seen if seen["status"] != "pending" else None

        seen = until(look, "the proof")
        assert seen["status"] == "ready", seen
        bundle = self.api("GET", f"/proofs/{job}/bundle")
        assert (bundle.status, bundle.type) == (200, "application/zip"), bundle.body[:300]
        return bundle.body

    # The ledger

    def log_size(self) -> int:
        """Entries in the newest checkpoint, 0 before the first."""
        answer = self.get("/ledger/checkpoint")
        return int(answer.text.splitlines()[1]) if answer.status == 200 else 0

    def origin(self) -> str:
        """The log's origin, from its policy."""
        found = re.search(r"^log (\S+?)\+", self.get("/ledger/policy").text, re.MULTILINE)
        assert found is not None
        return found[1]

    # Below the surface

    def control(self, method: str, what: str, **body: Any) -> Any:
        """Set something of the SES endpoint (infra/local/ses_controls.py)."""
        data = json.dumps(body) if method != "GET" else None
        headers = {"Content-Type": "application/json"}
        answer = self.ask(method, f"/local/ses/{what}", data, headers)
        assert answer.status == 200, answer.text
        return answer.json

    @cached_property
    def aws_url(self) -> str:
        """Where the emulator of everything but SES listens."""
        others = (None, 200, 415)
        return next(url for url in self._endpoints() if self._first_answer(url) not in others)

    @cached_property
    def ses_url(self) -> str:
        """Where the SES endpoint listens."""
        return next(url for url in self._endpoints() if self._first_answer(url) == 200)

    def _endpoints(self) -> list[str]:
        ports = [port for _, port in listening(self.child("infra.local.aws"))]
        return [f"http://127.0.0.1:{port}" for port in ports]

    def _first_answer(self, url: str) -> int | None:
        """The SES endpoint answers with 200, the time authority with 415, the emulator neither.

        None: nobody there speaks HTTP, as the DNS server.
        """
        place = urlsplit(url)
        link = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
        with closing(link):
            try:
                link.request("GET", "/v2/email/account")
                return link.getresponse().status
            except (http.client.HTTPException, OSError):
                return None

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's emulator."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.ses_url if service == "sesv2" else self.aws_url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Every item of every table, by table name, in DynamoDB's own JSON, by key."""
        with closing(self.client("dynamodb")) as dynamo:
            return {
                name: sorted(
                    (
                        item
                        for page in dynamo.get_paginator("scan").paginate(TableName=name)
                        for item in page["Items"]
                    ),
                    key=lambda item: (item["pk"]["S"], item["sk"]["S"]),
                )
                for name in dynamo.list_tables()["TableNames"]
            }

    def settled(self) -> dict[str, list[dict[str, Any]]]:
        """Every table once no work is left: queues, outbox and running campaigns are empty.

        Without what the clock brings and nobody's request.
        """

        def look() -> Any:
            if self._waiting_messages():
                return None
            rows = self.tables()
            busy = [row for row in rows["kvitto-campaigns"] if row["pk"]["S"] == "SENDING"]
            busy += [row for row in rows["kvitto-ledger"] if row["pk"]["S"].startswith("Q#")]
            if busy or self._waiting_messages():
                return None
            time.sleep(0.2)
            return rows if rows == self.tables() else None

        found = until(look, "quiet")
        assert isinstance(found, dict)
        return unstamped(found)

    def _waiting_messages(self) -> int:
        """Messages in all queues but the dead-letter ones, those in hand and delayed included."""
        counters = [
            f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")
        ]
        with closing(self.client("sqs")) as sqs:
            return sum(
                int(count)
                for url in sqs.list_queues()["QueueUrls"]
                if not url.endswith("-dlq")
                for count in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counters)[
                    "Attributes"
                ].values()
            )

    def kept_objects(self) -> dict[str, bytes]:
        """Every object but those of time stamps, which the clock brings and nobody's request."""
        return {key: x for key, x in self.objects().items() if not key.startswith("anchors/")}

    def objects(self) -> dict[str, bytes]:
        """Every object of the bucket by key."""
        with closing(self.client("s3")) as s3:
            bucket, listed = _listed(s3)
            found = {}
            for key in listed:
                # What a worker is done with may go between the listing and the reading.
                with suppress(s3.exceptions.NoSuchKey):
                    found[key] = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            return found

    def kept_tags(self) -> dict[str, str]:
        """The entity tag, which follows from the content, of each of `kept_objects`."""
        with closing(self.client("s3")) as s3:
            listed = _listed(s3)[1].items()
        return {key: tag for key, tag in listed if not key.startswith("anchors/")}


def _listed(s3: Any) -> tuple[str, dict[str, str]]:
    """The bucket, and the entity tag of each of its objects by key."""
    (bucket,) = [found["Name"] for found in s3.list_buckets()["Buckets"]]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return bucket, {
        item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])
    }


def unstamped(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The tables without the rows of time stamps, and of when the clock looks for lost answers."""
    return {
        name: [item for item in items if not item["pk"]["S"].startswith(("A#", "UNRESOLVED"))]
        for name, items in tables.items()
    }


def link_in(text: str | None, path: str) -> str | None:
    """The path of the first link in a mail's text that leads below ``path``, its query left out."""
    found = re.search(_LINK.format(path=re.escape(path)), text or "")
    return found[1] if found else None


def multipart(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Fields as a multipart body, and its content type."""
    boundary = uuid.uuid5(uuid.NAMESPACE_URL, repr(fields)).hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = "".join(parts) + f"--{boundary}--\r\n"
    return body.encode(), f"multipart/form-data; boundary={boundary}"


def files_of(bundle: bytes) -> dict[str, bytes]:
    """The files of a proof bundle by name."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Stack]:
    """Start a stack with ``settings`` in its environment, give it when it is ready, stop it."""
    stack = Stack(folder, settings)
    try:
        yield stack.wait_ready()
    finally:
        stack.stop()

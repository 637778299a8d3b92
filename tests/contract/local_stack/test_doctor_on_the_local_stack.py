# SPDX-License-Identifier: Apache-2.0
"""The doctor over the local stack's DNS server, SES endpoint and tables, with the real adapters."""

import json
import os
import urllib.request
from dataclasses import replace

import pytest

from chalicelib.adapters import aws
from chalicelib.bootstrap import Container
from chalicelib.config import Settings
from chalicelib.services import doctor
from infra.local.demo_data import DEMO_BRAND
from tests.support.emulator import start_empty

DOMAIN = "example.org"


@pytest.fixture(scope="module")
def container(tmp_path_factory):
    started, _ = start_empty()
    seed = tmp_path_factory.mktemp("keys") / "log.key"
    seed.write_bytes(bytes(range(32)))
    environment = {
        **started["environment"],
        "KVITTO_BASE_URL": "http://127.0.0.1:8000",
        "KVITTO_LEDGER_ORIGIN": "localhost/kvitto/doctor",
        "KVITTO_CONTROLLER": "controller",
        "KVITTO_LOG_KEY": f"file:{seed}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        aws.forget_clients()
        made = Container(Settings.from_env(environment))
        made.setup.add_brand(DEMO_BRAND)
        yield made
        aws.forget_clients()


@pytest.fixture
def control(container):
    """Return a function that uses a control of the local stack; DNS is as it was afterwards."""
    url = os.environ["AWS_ENDPOINT_URL_SESV2"]

    def use(path, method="PUT", /, **body):
        request = urllib.request.Request(
            f"{url}/local/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    before = use("dns", "GET")["records"]
    yield use
    for record in before:
        use("dns", **record)


def examined(container):
    report = container.doctor.examine(DEMO_BRAND)
    return report, {check.id: check for check in report.checks}


def test_the_demo_brand_is_ready_and_only_its_address_is_worth_a_look(container):
    report, checks = examined(container)
    assert {check.code for check in report.checks if check.verdict != "ok"} == {"one_click_local"}
    assert report.ready
    assert checks["dmarc"].facts == {"domain": DOMAIN, "policy": "reject"}


@pytest.mark.parametrize("kind", ["dmarc", "spf", "mail-from", "dkim"])
def test_a_record_taken_out_is_missed_and_pasted_from_the_report_is_right_again(
    container, control, kind
):
    planted = {
        "dmarc": ("TXT", f"_dmarc.{DOMAIN}"),
        "spf": ("TXT", f"bounce.{DOMAIN}"),
        "mail-from": ("MX", f"bounce.{DOMAIN}"),
    }
    if kind == "dkim":
        token = container.sender_facts.identity(DOMAIN).dkim.tokens[1]
        planted["dkim"] = ("CNAME", f"{token}._domainkey.{DOMAIN}")
    record_type, name = planted[kind]
    control("dns", name=name, type=record_type, values=[])
    report, checks = examined(container)
    assert checks[kind].verdict != "ok"
    assert report.ready is (kind == "mail-from")
    assert name in {record.name for record in checks[kind].records}
    for record in checks[kind].records:
        control("dns", name=record.name, type=record.type, values=[record.value])
    _, checks = examined(container)
    assert checks[kind].verdict == "ok"


@pytest.mark.parametrize(
    ("path", "wrong", "right", "code"),
    [
        ("ses/account", {"production_access": False}, {"production_access": True}, "sandbox"),
        ("ses/account", {"enforcement": "SHUTDOWN"}, {"enforcement": "HEALTHY"}, "shut_down"),
        ("ses/account", {"enforcement": "PROBATION"}, {"enforcement": "HEALTHY"}, "probation"),
        ("ses/sending", {"enabled": False}, {"enabled": True}, "sending_paused"),
        (
            "ses/configuration-set",
            {"name": "kvitto", "engagement": "ENABLED"},
            {"name": "kvitto", "engagement": "DISABLED"},
            "tracking_engagement",
        ),
        (
            "ses/identity",
            {"name": DOMAIN, "dkim_status": "PENDING"},
            {"name": DOMAIN, "dkim_status": "SUCCESS"},
            "dkim_pending",
        ),
        (
            "ses/identity",
            {"name": DOMAIN, "verified": False, "error": "HOST_NOT_FOUND"},
            {"name": DOMAIN, "verified": True, "error": ""},
            "identity_host_not_found",
        ),
        (
            "ses/identity",
            {"name": DOMAIN, "mail_from_domain": ""},
            {"name": DOMAIN, "mail_from_domain": f"bounce.{DOMAIN}"},
            "mail_from_none",
        ),
    ],
)
def test_what_ses_says_is_found_and_gone_when_it_says_so_no_more(
    container, control, path, wrong, right, code
):
    control(path, **wrong)
    try:
        report, _ = examined(container)
    finally:
        control(path, **right)
    assert any(code in check.code for check in report.checks)
    report, _ = examined(container)
    assert not any(code in check.code for check in report.checks)


def test_a_name_server_that_says_nothing_leaves_a_report_in_time(container, monkeypatch):
    monkeypatch.setattr(doctor, "QUESTION_MS", 700)
    report = container.doctor.examine(replace(DEMO_BRAND, from_address="news@a.silent.test"))
    checks = {check.id: check.verdict for check in report.checks}
    assert checks["from-domain"] == "unknown"
    assert checks["dmarc"] == "unknown"
    took_ms = container.clock.now_ms() - report.checked_ms
    assert took_ms < 4_000

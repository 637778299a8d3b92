# SPDX-License-Identifier: Apache-2.0
"""The local gateway behaves as API Gateway's REST API with a proxy integration."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.gateway import MAX_ANSWER_BYTES, Gateway, GatewayResponses, route
from infra.local.http_server import Request
from infra.local.template import load

TEMPLATE = Path(__file__).resolve().parents[3] / "infra" / "app.yaml"


class Function:
    """A function that answers what it is told and keeps the event it got."""

    def __init__(self) -> None:
        self.event: dict[str, Any] = {}
        self.answer: dict[str, Any] = {"statusCode": 200, "headers": {}, "body": "hello"}

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        self.event = event
        return self.answer


def request(method: str = "GET", target: str = "/", body: bytes = b"", **headers: str) -> Request:
    return Request(
        method=method,
        target=target,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        body=body,
        too_large=False,
        peer="127.0.0.9",
    )


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def gateway(function: Function) -> Gateway:
    return Gateway(
        routes=(
            route("/forms/{form_id}", frozenset({"GET", "HEAD", "POST"})),
            route("/forms/new", frozenset({"GET"})),
            route("/open", frozenset({"GET"}), {"Access-Control-Allow-Origin": "*"}),
            route("/", frozenset({"GET"})),
        ),
        responses=GatewayResponses.from_template(load(TEMPLATE)),
        binary_types=("application/zip", "image/*"),
        invoke=function,
    )


def test_path_parameters_are_decoded_once_and_words_win(
    gateway: Gateway, function: Function
) -> None:
    gateway.respond(request(target="/forms/a%2Fb%2520c?x=1&x=2&y="))
    assert function.event["pathParameters"] == {"form_id": "a/b%20c"}
    assert function.event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    gateway.respond(request(target="/forms/new/"))
    assert function.event["resource"] == "/forms/new"


def test_the_address_of_origin_is_the_sockets_own(gateway: Gateway, function: Function) -> None:
    gateway.respond(request(target="/forms/a", X_Forwarded_For="192.0.2.1"))
    assert function.event["requestContext"]["identity"]["sourceIp"] == "127.0.0.9"
    assert function.event["headers"]["X-Forwarded-For"] == "192.0.2.1, 127.0.0.9"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/nothing"),
        ("DELETE", "/forms/a"),
        ("HEAD", "/"),
        ("OPTIONS", "/forms/a"),
        ("GET", "//"),
    ],
)
def test_unknown_paths_and_methods_get_the_templates_words(
    gateway: Gateway, function: Function, method: str, target: str
) -> None:
    answer = gateway.respond(request(method, target))
    assert answer.status == 404
    assert ("Content-Type", "application/problem+json") in answer.headers
    assert json.loads(answer.body)["status"] == 404
    assert function.event == {}


def test_a_path_with_cors_answers_preflight_without_a_function(
    gateway: Gateway, function: Function
) -> None:
    answer = gateway.respond(request("OPTIONS", "/open"))
    assert (answer.status, function.event) == (200, {})


def test_too_large_a_body_is_refused_before_any_function(
    gateway: Gateway, function: Function
) -> None:
    refused = Request(
        method="POST", target="/forms/a", headers=(), body=b"", too_large=True, peer="127.0.0.1"
    )
    assert gateway.respond(refused).status == 413
    assert function.event == {}


def test_binary_bodies_travel_in_base64_both_ways(gateway: Gateway, function: Function) -> None:
    function.answer = {
        "statusCode": 200,
        "headers": {"Content-Type": "application/zip"},
        "body": base64.b64encode(b"\x00\xff").decode(),
        "isBase64Encoded": True,
    }
    answer = gateway.respond(
        request(
            "POST", "/forms/a", b"\xff\x00", Content_Type="image/png", Accept="application/zip,x/y"
        )
    )
    assert function.event["isBase64Encoded"] is True
    assert base64.b64decode(function.event["body"]) == b"\xff\x00"
    assert answer.body == b"\x00\xff"
    # As API Gateway: only the first accepted type decides.
    plain = gateway.respond(request(target="/forms/a", Accept="text/html,application/zip"))
    assert plain.body == base64.b64encode(b"\x00\xff")


def test_a_missing_content_type_is_passed_on_as_missing(
    gateway: Gateway, function: Function
) -> None:
    gateway.respond(request("POST", "/forms/a", b"email=a"))
    assert function.event["body"] == "email=a"
    assert not any(name.lower() == "content-type" for name in function.event["headers"])


def test_repeated_headers_are_kept_both_ways(gateway: Gateway, function: Function) -> None:
    function.answer = {
        "statusCode": 200,
        "headers": {"X-One": "1", "Server": "secret"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "",
    }
    several = Request(
        method="GET",
        target="/forms/a",
        headers=(("X-A", "1"), ("X-A", "2")),
        body=b"",
        too_large=False,
        peer="127.0.0.1",
    )
    answer = gateway.respond(several)
    assert function.event["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert function.event["headers"]["X-A"] == "2"
    assert answer.headers == (("X-One", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))


def test_an_answer_over_six_megabytes_is_the_gateways_error(
    gateway: Gateway, function: Function
) -> None:
    function.answer = {"statusCode": 200, "body": "x" * (MAX_ANSWER_BYTES + 1)}
    assert gateway.respond(request(target="/forms/a")).status == 502


def test_undeclared_refusals_fall_back_to_awss_own() -> None:
    answer = GatewayResponses().answer("MISSING_AUTHENTICATION_TOKEN")
    assert (answer.status, json.loads(answer.body)["message"]) == (
        403,
        "Missing Authentication Token",
    )

# SPDX-License-Identifier: Apache-2.0
"""Clients are made once and as careful as their service needs; SDK errors stop at the adapters."""

import subprocess
import sys

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.validate import ParamValidationDecorator

from chalicelib.adapters import aws
from chalicelib.errors import Conflict, FatalError, InputError, NotFound, Throttled, Unavailable


@pytest.fixture(autouse=True)
def fresh_clients(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    aws.forget_clients()
    yield
    aws.forget_clients()


def refusal(code, **more):
    return ClientError(
        {
            "Error": {"Code": code, "Message": "about visitor@example.org"},
            "ResponseMetadata": {"RequestId": "request-1"},
            **more,
        },
        "AnyOperation",
    )


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("ConditionalCheckFailedException", Conflict),
        ("PreconditionFailed", Conflict),
        ("ConditionalRequestConflict", Conflict),
        ("ProvisionedThroughputExceededException", Throttled),
        ("ThrottlingException", Throttled),
        ("SlowDown", Throttled),
        ("TooManyRequestsException", Throttled),
        ("TransactionConflictException", Throttled),
        ("NoSuchKey", NotFound),
        ("404", NotFound),
        ("ValidationException", FatalError),
        ("IdempotentParameterMismatchException", FatalError),
        ("ResourceNotFoundException", Unavailable),
        ("AWS.SimpleQueueService.NonExistentQueue", Unavailable),
        ("NoSuchBucket", Unavailable),
        ("AccessDeniedException", Unavailable),
        ("InternalServerError", Unavailable),
        ("SomethingNew", Unavailable),
    ],
)
def test_a_services_answer_becomes_the_class_that_says_what_to_do(code, ours):
    with pytest.raises(ours) as raised, aws.translated("try a thing"):
        raise refusal(code)
    assert type(raised.value) is ours
    assert str(raised.value) == f"try a thing: {code} (request request-1)"


@pytest.mark.parametrize(
    ("codes", "ours"),
    [
        (("None", "ConditionalCheckFailed"), Conflict),
        (("TransactionConflict", "ConditionalCheckFailed"), Conflict),
        (("TransactionConflict", "None"), Throttled),
        (("ThrottlingError",), Throttled),
        (("ValidationError", "TransactionConflict"), FatalError),
        ((), Unavailable),
    ],
)
def test_a_cancelled_transaction_is_judged_by_its_reasons(codes, ours):
    reasons = [{"Code": code} for code in codes]
    with pytest.raises(ours), aws.translated("append"):
        raise refusal("TransactionCanceledException", CancellationReasons=reasons)


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), NoCredentialsError()]
)
def test_no_answer_is_unavailable(error):
    with pytest.raises(Unavailable), aws.translated("try a thing"):
        raise error


def test_nothing_the_sdk_said_is_shown_or_chained():
    with pytest.raises(Unavailable) as raised, aws.translated("try a thing"):
        raise refusal("InternalServerError")
    assert "visitor" not in repr(raised.value)
    assert raised.value.__suppress_context__


def test_our_own_errors_and_bugs_pass_through():
    with pytest.raises(InputError), aws.translated("try a thing"):
        raise InputError("code", "detail")
    with pytest.raises(KeyError), aws.translated("try a thing"):
        raise KeyError("bug")


def test_a_client_is_made_once():
    assert aws.client("sqs") is aws.client("sqs")


def test_a_call_to_ses_leaves_once_and_others_are_tried_again_within_bounds():
    assert aws.client("sesv2").meta.config.retries["total_max_attempts"] == 1
    for service in ("dynamodb", "sqs", "s3", "kms"):
        config = aws.client(service).meta.config
        assert config.retries["mode"] == "standard"
        assert config.retries["total_max_attempts"] == aws.ATTEMPTS
        assert config.connect_timeout + config.read_timeout <= 10


def test_the_client_for_many_rows_is_as_careful_as_the_ordinary_one():
    ordinary, fast = aws.client("dynamodb"), aws.rows_client()
    assert fast is aws.rows_client()
    assert fast is not ordinary
    for name in ("retries", "connect_timeout", "read_timeout", "max_pool_connections"):
        assert getattr(fast.meta.config, name) == getattr(ordinary.meta.config, name)


def test_only_the_hot_clients_skip_the_sdks_own_validation():
    names = ("dynamodb", "sesv2", "sqs", "kms", "s3")
    validated = {
        name for name in names if isinstance(aws.client(name)._serializer, ParamValidationDecorator)
    }
    assert validated == {"sqs", "kms", "s3"}


def test_importing_the_adapters_does_not_import_the_sdk():
    modules = (
        "chalicelib.adapters.aws, chalicelib.adapters.kms, chalicelib.adapters.vault, "
        "chalicelib.adapters.dynamo.ledger, chalicelib.adapters.dynamo.log, "
        "chalicelib.adapters.dynamo.audience, chalicelib.adapters.dynamo.audience_scan, "
        "chalicelib.adapters.signing"
    )
    check = f"import sys, {modules}; print(sorted({{'boto3', 'botocore'}} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_code_of_anything_but_a_services_answer_is_empty():
    assert aws.error_code(refusal("SlowDown")) == "SlowDown"
    assert aws.error_code(ValueError("x")) == ""

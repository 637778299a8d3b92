# SPDX-License-Identifier: Apache-2.0
"""The first API key: made by the deployer's identity, shown once, refused in sentences."""

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from chalicelib.domain.api_keys import ApiKey, KeyScope, key_digest
from chalicelib.errors import Unavailable
from infra import admin_key

KEY = "kv_0123456789abcdef0123456789abcdef"


def creating(made):
    def create(name, scopes):
        key = ApiKey(id="k1", name=name, digest=key_digest(KEY), scopes=scopes, created_ms=1)
        made.append(key)
        return KEY, key

    return create


def run(*arguments, made=None, environment_of=lambda stack: {"STACK": stack}):
    made = [] if made is None else made
    return admin_key.run(
        list(arguments), environment_of=environment_of, service=lambda environment: creating(made)
    )


def client(service):
    return boto3.client(
        service, region_name="eu-north-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def test_the_key_stands_alone_on_standard_output(capsys):
    made = []
    assert run("--name", "console", "--scopes", "read,marketing", made=made) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{KEY}\n"
    assert KEY not in printed.err
    assert made[0].scopes == {KeyScope.READ, KeyScope.MARKETING}
    assert made[0].name == "console"


def test_without_options_the_key_may_do_everything(capsys):
    made = []
    assert run(made=made) == 0
    assert made[0].scopes == {KeyScope.ADMIN}


@pytest.mark.parametrize("scopes", ["", "root", "read,root", ","])
def test_an_unknown_scope_makes_no_key(capsys, scopes):
    made = []
    assert run("--scopes", scopes, made=made) == 1
    assert made == []
    assert "read, marketing, compliance, events, admin" in capsys.readouterr().err


def test_a_failing_installation_is_told_in_a_sentence_and_prints_no_key(capsys):
    def fail(environment):
        raise Unavailable("storing a key: InternalServerError (request 1)")

    assert admin_key.run([], environment_of=lambda stack: {}, service=fail) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "InternalServerError" in printed.err


def test_the_settings_are_those_the_deployed_function_runs_with():
    cloudformation, functions = client("cloudformation"), client("lambda")
    with Stubber(cloudformation) as stack, Stubber(functions) as function:
        stack.add_response(
            "describe_stack_resource",
            {
                "StackResourceDetail": {
                    "LogicalResourceId": "APIHandler",
                    "PhysicalResourceId": "kvitto-APIHandler-1A2B",
                    "ResourceType": "AWS::Lambda::Function",
                    "LastUpdatedTimestamp": 0,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
            },
            {"StackName": "kvitto", "LogicalResourceId": "APIHandler"},
        )
        function.add_response(
            "get_function_configuration",
            {"Environment": {"Variables": {"KVITTO_CAMPAIGNS_TABLE": "kvitto-campaigns"}}},
            {"FunctionName": "kvitto-APIHandler-1A2B"},
        )
        clients = {"cloudformation": cloudformation, "lambda": functions}
        assert admin_key.stack_environment("kvitto", clients.__getitem__) == {
            "KVITTO_CAMPAIGNS_TABLE": "kvitto-campaigns"
        }


def test_a_stack_that_is_not_there_is_named():
    cloudformation = client("cloudformation")
    with Stubber(cloudformation) as stack:
        stack.add_client_error("describe_stack_resource", "ValidationError", "it does not exist")
        with pytest.raises(admin_key.AdminKeyError, match=r"'kvitto' \(ValidationError"):
            admin_key.stack_environment("kvitto", lambda service: cloudformation)


def test_missing_credentials_are_explained():
    def no_client(service):
        raise NoCredentialsError

    with pytest.raises(admin_key.AdminKeyError, match="Set up the AWS CLI"):
        admin_key.stack_environment("kvitto", no_client)


def test_an_installation_without_settings_is_told_in_a_sentence(capsys):
    assert admin_key.run([], environment_of=lambda stack: {}) == 1
    assert "is not set" in capsys.readouterr().err

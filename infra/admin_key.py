# SPDX-License-Identifier: Apache-2.0
"""Makes an API key with the deployer's own AWS identity (``make admin-key``).

It guarantees that the key is made by the product's own service, against the installation that the
named stack runs, and is shown once, alone on standard output. Nobody without rights in the AWS
account can use it: there is no default password and no set-up page. It refuses scopes the product
does not know, and a stack that is not there.

The identity needs ``cloudformation:DescribeStackResource`` on the stack,
``lambda:GetFunctionConfiguration`` on its function, and the right to put items into the campaigns
table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.config import Settings
from chalicelib.domain.api_keys import ApiKey, KeyScope
from chalicelib.errors import KvittoError

HTTP_FUNCTION = "APIHandler"

Create = Callable[[str, frozenset[KeyScope]], tuple[str, ApiKey]]


class AdminKeyError(Exception):
    """No key was made; the message says what to do next."""


def stack_environment(stack: str, client: Callable[[str], Any]) -> dict[str, str]:
    """Return the settings of a deployed stack, as its own function has them.

    Args:
        stack: name of the application stack.
        client: makes an SDK client for a service.

    Raises:
        AdminKeyError: AWS does not know the stack, or does not know you.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = client("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId=HTTP_FUNCTION
        )
        function = found["StackResourceDetail"]["PhysicalResourceId"]
        configuration = client("lambda").get_function_configuration(FunctionName=function)
    except ClientError as error:
        raise AdminKeyError(
            f"AWS refused to describe the stack {stack!r} ({error.response['Error']['Code']}). No "
            "key was made. Check the stack's name, the Region and the rights of your identity."
        ) from None
    except BotoCoreError as error:
        raise AdminKeyError(
            f"AWS could not be asked ({type(error).__name__}). No key was made. Set up the AWS CLI "
            "with a profile and a Region of the installation, and try again."
        ) from None
    variables: dict[str, str] = configuration["Environment"]["Variables"]
    return variables


def product_service(environment: Mapping[str, str]) -> Create:
    """Return the product's own way to create a key, wired to an installation's settings."""
    from chalicelib.bootstrap import Container

    return Container(Settings.from_env(environment)).key_ring.create


def parse_scopes(text: str) -> frozenset[KeyScope]:
    """Return the scopes of a comma-separated text.

    >>> sorted(parse_scopes("read, marketing"))
    [<KeyScope.MARKETING: 'marketing'>, <KeyScope.READ: 'read'>]

    Raises:
        AdminKeyError: a scope is unknown or none is named.
    """
    known = ", ".join(KeyScope)
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(KeyScope)]
    if unknown or not names:
        raise AdminKeyError(f"Scopes are one or more of {known}. No key was made.")
    return frozenset(KeyScope(name) for name in names)


def run(
    arguments: list[str],
    *,
    environment_of: Callable[[str], Mapping[str, str]],
    service: Callable[[Mapping[str, str]], Create] = product_service,
) -> int:
    """Make the key the arguments ask for, print it, and return the process's exit code."""
    parser = argparse.ArgumentParser(description="Make an API key with your own AWS identity.")
    parser.add_argument("--stack", default="kvitto", help="application stack (default: kvitto)")
    parser.add_argument("--name", default="first key", help="what the key is for")
    parser.add_argument("--scopes", default=KeyScope.ADMIN.value, help="comma-separated")
    options = parser.parse_args(arguments)
    try:
        scopes = parse_scopes(options.scopes)
        text, key = service(environment_of(options.stack))(options.name, scopes)
    except (AdminKeyError, KvittoError) as problem:
        print(problem, file=sys.stderr)
        return 1
    scope_names = ", ".join(sorted(key.scopes))
    print(f"Key {key.id} ({key.name}: {scope_names}). It is shown this once:", file=sys.stderr)
    print(text)
    return 0


def main() -> int:
    """Run with the AWS identity, Region and profile of the shell."""
    import boto3

    return run(sys.argv[1:], environment_of=lambda stack: stack_environment(stack, boto3.client))


if __name__ == "__main__":
    sys.exit(main())

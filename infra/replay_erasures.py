# SPDX-License-Identifier: Apache-2.0
"""Erases again whom a restored backup brought back (``make replay-erasures``).

It guarantees that after it said so, nobody whose erasure is in the log has a key, a profile, a
lookup or a sealed part in the tables; it can be run any number of times. It refuses to guess which
installation is meant: the shell's own settings (``KVITTO_…``), or else those of a named stack.

The identity needs to read every table and the store, to write and delete items of all five
tables, ``s3:DeleteObjectVersion`` below ``bundles/``, ``exports/`` and ``imports/``, and for a
stack what ``infra.admin_key`` needs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping

from chalicelib.config import Settings
from chalicelib.errors import KvittoError
from chalicelib.services.replay import Replayed
from infra.admin_key import AdminKeyError, stack_environment

MARK = "KVITTO_LEDGER_TABLE"
"""A shell that has this setting has them all."""

Run = Callable[[Mapping[str, str]], Replayed]


def product_service(environment: Mapping[str, str]) -> Replayed:
    """Run the product's own replay against an installation's settings."""
    from chalicelib.bootstrap import Container

    return Container(Settings.from_env(environment)).replay.run()


def run(
    arguments: list[str],
    *,
    shell: Mapping[str, str],
    environment_of: Callable[[str], Mapping[str, str]],
    service: Run = product_service,
) -> int:
    """Replay, say what was done, and return the process's exit code: 1 when it must run again."""
    parser = argparse.ArgumentParser(description="Erase again whom a restore brought back.")
    parser.add_argument("--stack", default="kvitto", help="application stack (default: kvitto)")
    options = parser.parse_args(arguments)
    try:
        done = service(shell if MARK in shell else environment_of(options.stack))
    except (AdminKeyError, KvittoError) as problem:
        print(f"{problem}\nNot everybody may be erased: run this again.", file=sys.stderr)
        return 1
    print(f"erasures in the log: {done.erasures}; undone by a restore and done again: {done.again}")
    return 0


def main() -> int:
    """Run with the AWS identity, Region and profile of the shell."""
    import boto3

    return run(
        sys.argv[1:],
        shell=os.environ,
        environment_of=lambda stack: stack_environment(stack, boto3.client),
    )


if __name__ == "__main__":
    sys.exit(main())

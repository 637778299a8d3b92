# SPDX-License-Identifier: Apache-2.0
"""What a visitor's browser does for the gate: solve a challenge, and wait before it submits."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from chalicelib.services.gate import Limits
from infra.local.demo_data import DEMO_FORM


def solve(challenge: Mapping[str, str | int]) -> dict[str, str | int]:
    """The answer to a challenge, found as `embed.js` finds it."""
    for number in range(int(challenge["maxnumber"]) + 1):
        tried = f"{challenge['salt']}{number}".encode()
        if sha256(tried).hexdigest() == challenge["challenge"]:
            kept = ("algorithm", "challenge", "salt", "signature")
            return {name: challenge[name] for name in kept} | {"number": number}
    raise AssertionError("the challenge has no solution")


def encoded(answer: object) -> str:
    """The parameter ``altcha``."""
    return base64.b64encode(json.dumps(answer).encode()).decode()


def worked(world, form: str = "demo") -> dict[str, str]:
    """The parameters of somebody with a script who took their time."""
    challenge = world.gate.challenge(form)
    world.time.advance(3_000)
    return {"altcha": encoded(solve(challenge)), "shown": str(challenge["shown"])}


def stepping(cause: str) -> dict[str, object]:
    """What the page of the extra step is filled with, beside language and brand."""
    values = {"email": "visitor@hotmial.com", "newsletter": "1", "notice": "0" * 64}
    return {
        "form": DEMO_FORM,
        "address": values["email"],
        "cause": cause,
        "values": values | {"step": "s" * 46},
        "suggestion": "visitor@hotmail.com",
        "corrected": values | {"email": "visitor@hotmail.com"},
    }


def with_limits(world, **limits: int) -> None:
    """Give the world's gate other budgets."""
    everything = Limits(network=100, plain=100, form=100)
    world.gate._limits = replace(everything, **limits)


def with_guard(world, form: str = "demo", **guard: object) -> None:
    """Give a published form another guard."""
    stored = world.forms.get(form)
    world.catalog_rows.forms[form] = replace(stored, guard=replace(stored.guard, **guard))

# SPDX-License-Identifier: Apache-2.0
"""The product over in-memory ports, as the tests make it.

It guarantees nothing of its own. The module is loaded by name because test code is checked less
strictly than this folder.
"""

import importlib
from typing import Any

from chalicelib.services.signup import Session

BROWSER = Session(
    network="192.0.2.7",
    user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    page="https://mail.example.org/forms/demo",
)


UNBOUND = dict.fromkeys(
    ("signups_per_hour", "plain_signups_per_hour", "form_signups_per_hour"), 1_000_000
)
"""Settings under which nobody who is measured meets a budget."""


def new_world(**settings: object) -> Any:
    """Return a fresh installation: a `Container` with the demo brand, list and form.

    Args:
        settings: what shall differ from the tests' own.
    """
    return importlib.import_module("tests.support.world").World(**settings)


def subscriber_state(*, measured: bool = False) -> str:
    """Return the folded state of somebody who walked the real double opt-in.

    Args:
        measured: they ticked that box, too.
    """
    world = new_world()
    ticked = {"measurement": "yes"} if measured else {}
    sid = world.subscribe("visitor@example.org", **ticked)
    return str(world.rows.states[sid].text)

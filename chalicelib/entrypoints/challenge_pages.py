# SPDX-License-Identifier: Apache-2.0
"""The proof of work of a form: a fresh challenge for whoever asks, kept nowhere.

Guarantees that a challenge is for one form and never cached.
"""

from typing import TYPE_CHECKING

from chalicelib.entrypoints._runtime import api
from chalicelib.entrypoints.cross_origin import cross_origin
from chalicelib.entrypoints.exchange import Answer, Request, json_answer
from chalicelib.entrypoints.visitors import path_word

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


def _challenge(container: "Container", request: Request) -> Answer:
    form, _ = container.signup.form(path_word(request, "form_id"))
    return json_answer(container.gate.challenge(form.id))


show_challenge = cross_origin(api(_challenge))

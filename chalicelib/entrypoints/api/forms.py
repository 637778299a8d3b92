# SPDX-License-Identifier: Apache-2.0
"""Forms over the API. Publishing one commits to its notices and to all it shows in the ledger.

Guarantees that a dark pattern the lint calls an error is published by nobody, and that every
version stays readable.
"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.forms import Form
from chalicelib.entrypoints.api.form_shapes import findings_shape, form_of, form_shape
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.snippets import snippet_of
from chalicelib.errors import InputError, NotFound


@operation("GET", "/forms", KeyScope.READ, gives="FormPage", queries=PAGED)
def list_forms(call: Call) -> Mapping[str, Any]:
    """List forms, each in its current version."""
    page = call.container.setup.forms(*call.paging())
    return page_answer(page, lambda form: _shape(call, form))


@operation(
    "POST",
    "/forms",
    KeyScope.MARKETING,
    status=201,
    takes="NewForm",
    gives="Form",
    location="/forms/{id}",
    conflicts=True,
)
def create_form(call: Call) -> Mapping[str, Any]:
    """Publish a form and its notices, one for each language it is whole in."""
    return _shape(call, call.container.setup.add_form(form_of(call.body)))


@operation(
    "POST",
    "/forms/check",
    KeyScope.MARKETING,
    takes="NewForm",
    gives="FormFindings",
    looks=True,
)
def check_form(call: Call) -> Mapping[str, Any]:
    """Say what is to be mended in a form; nothing is stored."""
    return findings_shape(call.container.setup.check_form(form_of(call.body)))


@operation("GET", "/forms/{form}", KeyScope.READ, gives="Form")
def get_form(call: Call) -> Mapping[str, Any]:
    """Get one form, as published last."""
    return _shape(call, call.container.setup.form(call.word("form")))


@operation(
    "PUT",
    "/forms/{form}",
    KeyScope.MARKETING,
    takes="ChangedForm",
    gives="Form",
    conflicts=True,
)
def replace_form(call: Call) -> Mapping[str, Any]:
    """Publish a form anew, as the version after the current one, which the body names."""
    if call.body["id"] != call.word("form"):
        raise InputError(code="other_id", detail="The id of a form never changes.")
    return _shape(call, call.container.setup.replace_form(form_of(call.body)))


@operation("GET", "/forms/{form}/versions/{version}", KeyScope.READ, gives="Form")
def get_form_version(call: Call) -> Mapping[str, Any]:
    """Get one version of a form, as it was published."""
    word = call.word("version")
    if not re.fullmatch("[1-9][0-9]{0,5}", word):
        raise NotFound("There is no such version of this form.")
    return _shape(call, call.container.setup.form_version(call.word("form"), int(word)))


@operation("GET", "/forms/{form}/snippet", KeyScope.READ, gives="Snippet", queries=("language",))
def get_form_snippet(call: Call) -> Mapping[str, Any]:
    """Get what puts a form on a page of yours: HTML without JavaScript, or one script tag."""
    setup = call.container.setup
    form = setup.form(call.word("form"))
    brand = setup.brand(form.brand)
    offered = tuple(ref.language for ref in form.notices)
    wanted = call.request.query.get("language")
    if wanted is not None and wanted not in offered:
        raise InputError(
            code="bad_language", detail=f"This form is in {', '.join(offered)}. Take one of them."
        )
    language = choose_language([call.request.query], "", brand.default_language, offered)
    snippet = snippet_of(call.container, form, brand, language)
    return {
        "language": language,
        "version": form.version,
        "html": snippet.html,
        "script": snippet.script,
    }


OPERATIONS = (
    list_forms,
    create_form,
    check_form,
    get_form,
    replace_form,
    get_form_version,
    get_form_snippet,
)


def _shape(call: Call, form: Form) -> Mapping[str, Any]:
    return form_shape(form, call.container.setup.findings(form))

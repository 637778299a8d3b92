# SPDX-License-Identifier: Apache-2.0
"""The sign-up form: shown, submitted, and shown again with what is wrong.

Guarantees that a plain form POST without script or cookie works, that a refused submission keeps
what was typed, and the same answer for every address (promise 9, docs/architecture.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.signup import Problem, SubmissionError
from chalicelib.entrypoints._runtime import page, problem
from chalicelib.entrypoints.bodies import read_form, read_json
from chalicelib.entrypoints.exchange import Answer, Request, html, json_answer
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.refusals import Unreadable
from chalicelib.entrypoints.visitors import path_word, session_of
from chalicelib.errors import Conflict, InputError, OverBudget

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.forms import Form

BUDGET_MINUTES = 60
"""How long a network's budget lasts, as the page says it."""


def _show_form(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    return _form_page(container, form, brand, _language(request, {}, form, brand))


def _submit_form(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    values = _json_values(read_json(request)) if request.is_json else read_form(request)
    language = _language(request, values, form, brand)
    session = session_of(request, f"{container.settings.base_url}/forms/{form.id}", language)
    try:
        accepted = container.signup.submit(form.id, values, session, language)
    except SubmissionError as error:
        if request.is_json:
            return problem(error, request.id)
        return _form_page(container, form, brand, language, values, error.problems)
    except OverBudget as error:
        return _busy(container, request, brand, language, error)
    except InputError as error:
        if error.code != "stale_form" or request.is_json:
            raise
        raise Conflict(error.detail) from None
    if request.is_json:
        return json_answer({"status": "accepted", "from": brand.from_address}, 202)
    data = {"language": language, "brand": brand, "form": form, "address": accepted.typed}
    return html(container.renderer.page("pages/check_mail.html", data))


show_form = page(_show_form, framed=True)
submit_form = page(_submit_form, framed=True)


def _form_page(
    container: "Container",
    form: "Form",
    brand: "Brand",
    language: str,
    values: Mapping[str, str] | None = None,
    problems: Mapping[str, Problem] | None = None,
) -> Answer:
    text = container.renderer.page(
        "pages/form.html",
        {
            "language": language,
            "languages": tuple(ref.language for ref in form.notices),
            "brand": brand,
            "form": form,
            "notice": form.notice(language),
            "values": values or {},
            "problems": problems or {},
        },
    )
    return html(text, 422 if problems else 200)


def _busy(
    container: "Container", request: Request, brand: "Brand", language: str, error: OverBudget
) -> Answer:
    headers = {"Retry-After": str(BUDGET_MINUTES * 60)}
    if request.is_json:
        return replace(problem(error, request.id), headers=headers)
    data = {"language": language, "brand": brand, "minutes": BUDGET_MINUTES}
    return html(container.renderer.page("pages/busy.html", data), 429, headers)


def _language(request: Request, values: Mapping[str, str], form: "Form", brand: "Brand") -> str:
    return choose_language(
        [values, request.query],
        request.headers.get("accept-language", ""),
        brand.default_language,
        tuple(ref.language for ref in form.notices),
    )


def _json_values(value: Any) -> dict[str, str]:
    """Form values from JSON: texts as they are, booleans as a ticked or unticked box."""
    if not isinstance(value, dict):
        raise Unreadable("A sign-up is a JSON object.")
    values = {}
    for name, given in value.items():
        if isinstance(given, bool):
            values[name] = "1" if given else ""
        elif isinstance(given, str):
            values[name] = given
        elif given is not None:
            raise InputError(
                code="bad_value", detail="Every value of a sign-up is a text, true or false."
            )
    return values

# SPDX-License-Identifier: Apache-2.0
"""The sign-up form: shown, submitted, and shown again with what is wrong.

Guarantees that a plain form POST without script or cookie works, that a refused submission keeps
what was typed, that an extra step is one page with one button, and the same answer for every
address (promise 9, docs/architecture.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.parameters import Parameter, ShownAs, tag_of
from chalicelib.domain.signup import SubmissionError, is_ticked
from chalicelib.entrypoints._runtime import page, problem
from chalicelib.entrypoints.bodies import read_form, read_json
from chalicelib.entrypoints.cross_origin import cross_origin
from chalicelib.entrypoints.exchange import Answer, Request, html, json_answer
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.refusals import Unreadable
from chalicelib.entrypoints.visitors import path_word, session_of
from chalicelib.errors import ExtraStep, InputError, OverBudget

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.forms import Form
    from chalicelib.services.signup import Accepted

BUDGET_MINUTES = 60
"""How long a network's budget lasts, as the page says it."""
_IN_AN_HOUR = {"Retry-After": str(BUDGET_MINUTES * 60)}
_SENT_AGAIN = (Parameter.NOTICE, Parameter.LANGUAGE, Parameter.SHOWN_AS, Parameter.TAG)
"""Our own parameters that a page which submits the same sign-up once more carries on."""


def _show_form(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    language = _language(request, {}, form, brand)
    return form_page(container, form, brand, language, values=_told(request.query))


def _submit_form(container: "Container", request: Request) -> Answer:
    form, brand = container.signup.form(path_word(request, "form_id"))
    values = _json_values(read_json(request)) if request.is_json else read_form(request)
    language = _language(request, values, form, brand)
    values |= {Parameter.LANGUAGE: language}
    session = session_of(request, f"{container.settings.base_url}/forms/{form.id}", language)
    try:
        accepted = container.signup.submit(form.id, values, session, language)
    except SubmissionError as error:
        if request.is_json:
            return problem(error, request.id)
        return form_page(container, form, brand, language, values=values, wrong=error)
    except ExtraStep as error:
        return _extra_step(container, request, form, brand, values, error)
    except OverBudget as error:
        if request.is_json:
            return replace(problem(error, request.id), headers=_IN_AN_HOUR)
        return busy_page(container, brand, language)
    except InputError as error:
        if error.code != "stale_form" or request.is_json:
            raise
        return _changed_form(container, form.id, language, values)
    if request.is_json:
        return _accepted_json(container, accepted)
    return check_mail_page(container, accepted, values)


show_form = page(_show_form, framed=True)
submit_form = cross_origin(page(_submit_form, framed=True))


def _changed_form(
    container: "Container", form_id: str, language: str, values: Mapping[str, str]
) -> Answer:
    """Return the form as it is now, with what was typed in the former one and no consent ticked."""
    form, brand = container.signup.form(form_id)
    typed = {item.name for item in form.facts} | {Parameter.TAG}
    kept = {name: value for name, value in values.items() if name in typed}
    answer = form_page(container, form, brand, language, values=kept, changed=True)
    return replace(answer, status=409)


def form_page(
    container: "Container",
    form: "Form",
    brand: "Brand",
    language: str,
    *,
    values: Mapping[str, str],
    wrong: SubmissionError | None = None,
    changed: bool = False,
) -> Answer:
    """Return the form, filled with ``values``; 422 when there are problems to look at.

    Args:
        wrong: what is to be looked at again, with the address that was probably meant.
        changed: the visitor saw another version of it before, and is told so.
    """
    text = container.renderer.page(
        "pages/form.html",
        {
            "language": language,
            "languages": tuple(ref.language for ref in form.notices),
            "brand": brand,
            "form": form,
            "notice": form.notice(language),
            "shown": container.gate.shown(form.id),
            "tag": tag_of(values.get(Parameter.TAG, "")),
            "values": _filled(form, values),
            "problems": wrong.problems if wrong else {},
            "suggestion": wrong.suggestion if wrong else None,
            "corrected": _corrected(form, values, wrong.suggestion) if wrong else {},
            "changed": changed,
        },
    )
    return html(text, 422 if wrong else 200)


def _filled(form: "Form", values: Mapping[str, str]) -> dict[str, str]:
    """What the form is filled with again: no box is ticked that the visitor left unticked."""
    ticks = {item.name for item in form.ticks} | {box.name for box in form.boxes}
    return {name: value for name, value in values.items() if name not in ticks or is_ticked(value)}


def check_mail_page(
    container: "Container", accepted: "Accepted", values: Mapping[str, str]
) -> Answer:
    """Return "check your mail" with what it takes to send the same values again, corrected."""
    form = accepted.form
    data = {
        "language": accepted.language,
        "brand": accepted.brand,
        "form": form,
        "address": accepted.typed,
        "suggestion": accepted.suggestion,
        "values": _again(form, values),
        "notice": accepted.notice,
        "shown": container.gate.shown(form.id),
    }
    return html(container.renderer.page("pages/check_mail.html", data))


def _accepted_json(container: "Container", accepted: "Accepted") -> Answer:
    told = {"language": accepted.language, "brand": accepted.brand}
    shown = {
        "status": "accepted",
        "from": accepted.brand.from_address,
        "subject": container.renderer.page("emails/confirm/subject.txt", told).strip(),
        "address": accepted.typed,
        "suggestion": accepted.suggestion,
    }
    return json_answer(shown, 202)


def _extra_step(
    container: "Container",
    request: Request,
    form: "Form",
    brand: "Brand",
    values: Mapping[str, str],
    error: ExtraStep,
) -> Answer:
    if request.is_json:
        return problem(error, request.id)
    again = _again(form, values)
    data = {
        "language": values[Parameter.LANGUAGE],
        "brand": brand,
        "form": form,
        "address": values[_email(form)].strip(),
        "cause": error.cause,
        "values": again | {Parameter.STEP: error.token},
        "suggestion": error.suggestion,
        "corrected": _corrected(form, values, error.suggestion),
    }
    # 200 and not an error's status: nothing is wrong, the sign-up goes on with this page's button.
    return html(container.renderer.page("pages/extra_step.html", data))


def _again(form: "Form", values: Mapping[str, str]) -> dict[str, str]:
    """What must be sent once more for the same sign-up, as names and values of hidden inputs."""
    names = [*(item.name for item in form.fields), *(item.name for item in form.boxes)]
    return {name: values[name] for name in (*names, *_SENT_AGAIN) if values.get(name)}


def _corrected(form: "Form", values: Mapping[str, str], suggestion: str | None) -> dict[str, str]:
    """The same sign-up with the address that was probably meant."""
    return _again(form, values) | {_email(form): suggestion or ""}


def _email(form: "Form") -> str:
    return next(field.name for field in form.fields if field.type == "email")


def busy_page(container: "Container", brand: "Brand", language: str) -> Answer:
    """Return the page that says that the network's budget is used up, and when it is not."""
    data = {"language": language, "brand": brand, "minutes": BUDGET_MINUTES}
    return html(container.renderer.page("pages/busy.html", data), 429, _IN_AN_HOUR)


def _told(query: Mapping[str, str]) -> dict[str, str]:
    """What a link to the form may say: the campaign's tag, and nothing that fills in a field."""
    return {Parameter.TAG: query[Parameter.TAG]} if query.get(Parameter.TAG) else {}


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
    values: dict[str, str] = {Parameter.SHOWN_AS: ShownAs.JSON}
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

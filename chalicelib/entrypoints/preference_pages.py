# SPDX-License-Identifier: Apache-2.0
"""The preference centre: a door that shows nothing, and behind a fresh link a person's own page.

Guarantees that GET and HEAD change nothing, that the address in a mail's footer shows nothing of
anybody (mails are forwarded), and that what is asked at a door is answered alike for everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.preferences import RHYTHMS, pause_bounds, pause_day, read_frequency
from chalicelib.domain.signup import Problem, read_value
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.bodies import read_form
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.own_data_pages import own_data_file, show_own_data
from chalicelib.entrypoints.own_rights_pages import (
    ERASURE_PART,
    change_address,
    erase,
    object_to_mail,
    restrict,
    show_erasure,
)
from chalicelib.entrypoints.receipt_pages import receipt_path
from chalicelib.entrypoints.visitors import language_of, path_word, session_of
from chalicelib.errors import BadToken, InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.forms import Field
    from chalicelib.services.access_links import Access
    from chalicelib.services.preferences import Centre, Saved
    from chalicelib.services.signup import Session

FRESH_TOKEN_CHARS = 43
"""A fresh link's token; those in mails are longer (docs/spec/tokens.md)."""
FIELD_PREFIX = "a-"
"""Begins the parameter of each field of a form, so that none meets one of the page's own."""
MAIL, SAVE, UNSUBSCRIBE, ACCESS = "mail", "save", "unsubscribe", "access"
OBJECT, RESTRICT, ADDRESS, ERASE = "object", "restrict", "address", "erase"


def _show(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    if len(token) != FRESH_TOKEN_CHARS:
        return _door(container, request, token)
    access = _opened(container, token)
    if access is None:
        return _expired(container, request, token, {})
    language = _language(access, request, {})
    part = request.query.get("part")
    if part == ERASURE_PART:
        return show_erasure(container, request, access, language)
    if part is not None:
        return own_data_file(container, access, part, language)
    centre = container.preferences.show(access, language)
    return _centre_page(container, access, token, centre, language)


def _act(container: "Container", request: Request) -> Answer:
    token = path_word(request, "token")
    fields = read_form(request) if request.body else {}
    act = fields.get("act", MAIL)
    if len(token) != FRESH_TOKEN_CHARS:
        return _mail_link(container, request, token, fields)
    access = _opened(container, token)
    if access is None:
        if act == MAIL:
            return _mail_again(container, request, token, fields)
        return _expired(container, request, token, fields)
    handlers: Mapping[str, Callable[[Container, Request, Access, Mapping[str, str]], Answer]]
    handlers = {
        SAVE: _save,
        UNSUBSCRIBE: _stop,
        ACCESS: _access,
        OBJECT: object_to_mail,
        RESTRICT: restrict,
        ADDRESS: change_address,
        ERASE: erase,
    }
    if act not in handlers:
        raise InputError(code="bad_act", detail="This page has no such button.")
    return handlers[act](container, request, access, fields)


def _opened(container: "Container", token: str) -> "Access | None":
    """Whom a fresh link is for; None when its hour is over."""
    from chalicelib.services.access_links import LinkExpired  # noqa: PLC0415  # cryptography

    try:
        return container.access_links.open(token)
    except LinkExpired:
        return None
    except BadToken:
        raise NotFound("This link is not known.") from None


def _door(container: "Container", request: Request, token: str) -> Answer:
    try:
        door = container.access_requests.look(token)
    except BadToken:
        raise NotFound("This link is not known.") from None
    data = {
        "language": language_of(request, {}, door.brand.default_language),
        "languages": LANGUAGES,
        "brand": door.brand,
        "token": token,
        "unsubscribe_path": door.unsubscribe_path,
        "is_expired": False,
    }
    return html(container.renderer.page("pages/preferences_door.html", data))


def _expired(
    container: "Container", request: Request, token: str, fields: Mapping[str, str]
) -> Answer:
    access = _ended(container, token)
    door = container.access_requests.door_of(access)
    data = {
        "language": _language(access, request, fields),
        "languages": LANGUAGES,
        "brand": door.brand,
        "token": token,
        "unsubscribe_path": door.unsubscribe_path,
        "is_expired": True,
    }
    return html(container.renderer.page("pages/preferences_door.html", data), 410)


def _ended(container: "Container", token: str) -> "Access":
    """Whom an expired link was for."""
    from chalicelib.services.access_links import LinkExpired  # noqa: PLC0415  # cryptography

    try:
        return container.access_links.open(token)
    except LinkExpired as error:
        return error.access


def _mail_link(
    container: "Container", request: Request, token: str, fields: Mapping[str, str]
) -> Answer:
    try:
        brand = container.access_requests.look(token).brand
    except BadToken:
        raise NotFound("This link is not known.") from None
    language = language_of(request, fields, brand.default_language)
    container.access_requests.by_token(token, request.network, language)
    data = {"language": language, "brand": brand, "address": ""}
    return html(container.renderer.page("pages/preferences_mailed.html", data))


def _mail_again(
    container: "Container", request: Request, token: str, fields: Mapping[str, str]
) -> Answer:
    access = _ended(container, token)
    language = _language(access, request, fields)
    brand = container.access_requests.again(access, request.network, language)
    data = {"language": language, "brand": brand, "address": ""}
    return html(container.renderer.page("pages/preferences_mailed.html", data))


def _language(access: "Access", request: Request, fields: Mapping[str, str]) -> str:
    """The page's: what was chosen on it, else the one the link was asked for in."""
    return choose_language([fields, request.query], "", access.language)


def _session(
    container: "Container", request: Request, access: "Access", fields: Mapping[str, str]
) -> "Session":
    place = f"{container.settings.base_url}/preferences"
    return session_of(request, place, _language(access, request, fields))


def _path(request: Request) -> str:
    return f"/preferences/{path_word(request, 'token')}"


def _fields(centre: "Centre") -> "tuple[Field, ...]":
    """The fields as inputs of this page: nothing has to be told."""
    return tuple(
        replace(each, name=FIELD_PREFIX + each.name, required=False) for each in centre.fields
    )


def _centre_page(
    container: "Container",
    access: "Access",
    token: str,
    centre: "Centre",
    language: str,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> Answer:
    now_ms, zone = container.clock.now_ms(), centre.brand.zone
    cap = centre.frequency.max_per_week
    known = {FIELD_PREFIX + name: value for name, value in centre.attributes.items()}
    stored = {
        "per_week": "" if cap is None else str(cap),
        "pause": pause_day(centre.frequency, zone, now_ms),
        "mail_language": str(centre.profile.get("language", language)),
    }
    shown = stored if typed is None else {name: typed.get(name, "") for name in stored}
    given = {offer.name for offer in centre.offers if offer.given}
    data: dict[str, Any] = {
        "language": language,
        "languages": LANGUAGES,
        "brand": centre.brand,
        "path": f"/preferences/{token}",
        "token": token,
        "expires_ms": access.expires_ms,
        "centre": centre,
        "ticked": given if typed is None else {name for name, value in typed.items() if value},
        "sentences": _sentences(centre),
        "labels": _labels(centre, language),
        "fields": _fields(centre),
        "values": known if typed is None else typed,
        "problems": problems or {},
        "rhythms": RHYTHMS,
        "pause_bounds": pause_bounds(zone, now_ms),
        **shown,
    }
    text = container.renderer.page("pages/preferences.html", data)
    return html(text, 422 if problems else 200)


def _sentences(centre: "Centre") -> dict[str, str]:
    """What stood beside the boxes of consents that no form asks for any more."""
    return {f"{each.list}.{each.purpose}": each.sentence for each in centre.reasons if each.list}


def _labels(centre: "Centre", language: str) -> dict[str, str]:
    return {
        each.name: each.label.get(language) or next(iter(each.label.values()), each.name)
        for each in centre.fields
    }


def _save(
    container: "Container", request: Request, access: "Access", fields: Mapping[str, str]
) -> Answer:
    from chalicelib.services.preferences import Wish  # noqa: PLC0415  # loads cryptography

    language = _language(access, request, fields)
    centre = container.preferences.show(access, language)
    told, problems = _told(centre, fields)
    zone, now_ms = centre.brand.zone, container.clock.now_ms()
    try:
        frequency = read_frequency(
            fields.get("per_week", ""), fields.get("pause", "").strip(), zone, now_ms
        )
    except InputError as error:
        problems["pause"] = error.code
        frequency = centre.frequency
    if problems:
        token = path_word(request, "token")
        return _centre_page(container, access, token, centre, language, fields, problems)
    wish = Wish(
        ticked={name for name, value in fields.items() if value},
        mark=fields.get("mark", ""),
        language=fields.get("mail_language", ""),
        frequency=frequency,
        told=told,
    )
    session = _session(container, request, access, fields)
    try:
        saved = container.preferences.save(access, wish, session, language)
    except InputError as error:
        if error.code != "bad_changes" or not told:
            raise
        # Each fits, together they do not: whoever shortens the longest comes furthest.
        longest = max(told, key=lambda name: len(told[name]))
        problems[FIELD_PREFIX + longest] = Problem.TOO_LONG
        token = path_word(request, "token")
        return _centre_page(container, access, token, centre, language, fields, problems)
    until = pause_day(frequency, zone, now_ms)
    return _saved_page(container, request, access, centre, language, saved, until)


def _saved_page(
    container: "Container",
    request: Request,
    access: "Access",
    centre: "Centre",
    language: str,
    saved: "Saved",
    until: str | None,
) -> Answer:
    data = {
        "language": language,
        "brand": centre.brand,
        "path": _path(request),
        "saved": saved,
        "stopped": False,
        "bar": centre.bar,
        "sentences": _sentences(centre),
        "labels": _labels(centre, language),
        "pause": until,
        "receipt_path": receipt_path(container, access.sid, access.brand, saved.entry),
    }
    status = 409 if saved.is_stale else 200
    return html(container.renderer.page("pages/preferences_saved.html", data), status)


def _told(
    centre: "Centre", fields: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str | Problem]]:
    """What was typed, by attribute, and what is wrong with it, by parameter."""
    told: dict[str, str] = {}
    problems: dict[str, str | Problem] = {}
    for each in _fields(centre):
        if each.name not in fields:
            continue
        value, problem = read_value(each, fields[each.name].strip())
        told[each.name.removeprefix(FIELD_PREFIX)] = value
        if problem is not None:
            problems[each.name] = problem
    return told, problems


def _stop(
    container: "Container", request: Request, access: "Access", fields: Mapping[str, str]
) -> Answer:
    language = _language(access, request, fields)
    entry = container.preferences.stop(access, _session(container, request, access, fields))
    data = {
        "language": language,
        "brand": container.access_requests.door_of(access).brand,
        "path": _path(request),
        "saved": None,
        "stopped": True,
        "receipt_path": receipt_path(container, access.sid, access.brand, entry),
    }
    return html(container.renderer.page("pages/preferences_saved.html", data))


def _access(
    container: "Container", request: Request, access: "Access", fields: Mapping[str, str]
) -> Answer:
    from chalicelib.domain.rights import Right  # noqa: PLC0415  # with its desk alone

    session = _session(container, request, access, fields)
    container.rights.by_person(access.sid, access.brand, Right.ACCESS, session)
    language = _language(access, request, fields)
    return show_own_data(container, access, _path(request), language)


show_preferences = page(_show)
act_on_preferences = page(_act)

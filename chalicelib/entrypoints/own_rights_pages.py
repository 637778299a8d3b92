# SPDX-License-Identifier: Apache-2.0
"""A person's own rights behind a fresh link: a button says what it does, the page what it did.

Guarantees that looking changes nothing, that a page never claims more than is recorded, and that no
page after a press needs the link again.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word, session_of
from chalicelib.errors import InputError, NotFound, OverBudget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.bootstrap import Container
    from chalicelib.services.access_links import Access
    from chalicelib.services.signup import Session

DAY_S = 86_400
ERASURE_PART = "erasure"
BAD_ADDRESS = ("malformed_address", "undeliverable_address")


def show_erasure(
    container: "Container", request: Request, access: "Access", language: str
) -> Answer:
    """Return the page that says what an erasure takes and leaves, with its button.

    Raises:
        NotFound: the person was erased, or there is no such brand.
    """
    container.ledger.open(access.sid)
    days = container.settings.vault_recovery_days
    data = _data(container, request, access, language) | {"languages": LANGUAGES, "days": days}
    return html(container.renderer.page("pages/rights_erasure.html", data))


def object_to_mail(
    container: "Container", request: Request, access: "Access", fields: "Mapping[str, str]"
) -> Answer:
    """End all marketing mail of the brand, and say so."""
    container.own_rights.object(access, _session(container, request, access, fields))
    return _done(container, request, access, fields, "objected")


def restrict(
    container: "Container", request: Request, access: "Access", fields: "Mapping[str, str]"
) -> Answer:
    """Have the person's data kept and not used, and say so; without a ground, ask for one."""
    from chalicelib.domain.rights import RestrictionGround  # noqa: PLC0415  # with its desk alone

    try:
        ground = RestrictionGround(fields.get("ground", ""))
    except ValueError:
        data = _data(container, request, access, _language(access, request, fields))
        return html(container.renderer.page("pages/rights_restrict.html", data), 422)
    container.own_rights.restrict(access, ground, _session(container, request, access, fields))
    return _done(container, request, access, fields, "restricted")


def erase(
    container: "Container", request: Request, access: "Access", fields: "Mapping[str, str]"
) -> Answer:
    """Have the person erased, and lead on to the certificate, which fills itself."""
    language = _language(access, request, fields)
    erasure = container.own_rights.erase(
        access,
        _session(container, request, access, fields),
        language,
        suppress=not fields.get("forget"),
    )
    return redirect(f"/certificates/{erasure}?language={language}")


def change_address(
    container: "Container", request: Request, access: "Access", fields: "Mapping[str, str]"
) -> Answer:
    """Have a link mailed to the address that was typed; nothing changes before it is answered."""
    language, typed = _language(access, request, fields), fields.get("email", "").strip()
    try:
        asked = container.address_change.ask(access, typed, language)
    except OverBudget:
        answer = _done(container, request, access, fields, "too_many", 429)
        return replace(answer, headers={**answer.headers, "Retry-After": str(DAY_S)})
    except InputError as error:
        if error.code not in BAD_ADDRESS:
            raise
        data = _data(container, request, access, language)
        data |= {"address": typed, "problem": error.code, "suggestion": error.suggestion}
        return html(container.renderer.page("pages/rights_address.html", data), 422)
    what = "asked" if asked else "same"
    return _done(container, request, access, fields, what, address=typed)


def _done(
    container: "Container",
    request: Request,
    access: "Access",
    fields: "Mapping[str, str]",
    what: str,
    status: int = 200,
    *,
    address: str = "",
) -> Answer:
    data = _data(container, request, access, _language(access, request, fields))
    data |= {"what": what, "address": address}
    return html(container.renderer.page("pages/rights_done.html", data), status)


def _data(
    container: "Container", request: Request, access: "Access", language: str
) -> dict[str, Any]:
    brand = container.brands.get(access.brand)
    if brand is None:
        raise NotFound("This link is not known.")
    path = f"/preferences/{path_word(request, 'token')}"
    return {"language": language, "brand": brand, "path": path}


def _language(access: "Access", request: Request, fields: "Mapping[str, str]") -> str:
    return choose_language([fields, request.query], "", access.language)


def _session(
    container: "Container", request: Request, access: "Access", fields: "Mapping[str, str]"
) -> "Session":
    place = f"{container.settings.base_url}/preferences"
    return session_of(request, place, _language(access, request, fields))

# SPDX-License-Identifier: Apache-2.0
"""Demo data: a brand, a list, a form, and people who signed up for real.

The first `REAL_JOURNEYS` people go the whole way a visitor goes: form, mail in the mailbox,
confirmation. Further ones are appended as confirmed people through the same append service.
"""

import http.client
import json
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit

from chalicelib.bootstrap import Container
from chalicelib.config import Settings
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.events import Via
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import PurposeId
from chalicelib.domain.state import PROFILING
from chalicelib.errors import Conflict
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from infra.local.demo_shop import ORDER, SIGNUP, demo_events

REAL_JOURNEYS = 25
MAIL_WAIT_S = 30.0
_BETWEEN_LOOKS_S = 0.1
WORKERS = 4
_CONFIRM_PATH = re.compile(r"/confirm/[A-Za-z0-9_-]+")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def address(number: int) -> str:
    """Return the address of demo subscriber ``number`` (from 1)."""
    return f"subscriber{number:04d}@example.org"


def prepare(settings: Settings, api_key: str) -> Container:
    """Make the API key, the brand, the list and the published form; return the container used."""
    container = Container(settings)
    container.key_ring.create("local", KeyScope, text=api_key)
    container.setup.add_brand(DEMO_BRAND)
    container.setup.add_list(DEMO_LIST.id, DEMO_BRAND.id, DEMO_LIST.name)
    container.setup.add_form(DEMO_FORM)
    # The first checkpoint, and so the first time stamp, comes before the first person.
    container.sequencer.run()
    return container


def seed(container: Container, base_url: str, subscribers: int) -> None:
    """Bring in ``subscribers`` confirmed people; returns when every one is confirmed.

    Raises:
        RuntimeError: a real journey did not work; the message says which step.
    """
    real = min(subscribers, REAL_JOURNEYS)
    _walk(base_url, range(1, real + 1))
    form = container.forms.get(DEMO_FORM.id)
    if form is None:
        raise RuntimeError("the demo form is not there")
    for number in range(real + 1, subscribers + 1):
        _append_confirmed(container, form, number)
    shop(container, subscribers)
    container.ledger.wake_sequencer()


def shop(container: Container, subscribers: int) -> None:
    """Tell what a shop would of some of the people, so that segments have somebody to find.

    Visits are told of those alone who consented to that; here an operator's statement says so.

    Raises:
        RuntimeError: something was not kept.
    """
    for number, told in demo_events(container.clock.now_ms()):
        if number <= subscribers:
            if told["type"] not in (ORDER, SIGNUP):
                _consent(container, number)
            taken = container.customer_events.take({**told, "email": address(number)})
            if taken.status not in ("kept", "known"):
                raise RuntimeError(f"the demo shop's event {taken.id} was {taken.status}")


def _consent(container: Container, number: int) -> None:
    """Add the purpose `profiling` to somebody's consents, once."""
    ledger = container.ledger
    sid = ledger.lookup(ledger.mac(address(number))).sid
    form = container.forms.get(DEMO_FORM.id)
    if sid is None or form is None:
        raise RuntimeError("somebody whom the demo shop knows is not there")
    chain = ledger.open(sid)
    held = [key for key, given in chain.state.consents.items() if given.status == "given"]
    purposes = {key.purpose for key in held if key.list in form.lists}
    if PROFILING in purposes:
        return
    notice = form.notice("en")
    claims = Claims(choice={"fields": {}, "form": form.id, "made_by": "local demo data"})
    draft = Draft(
        type=EventType.CONSENT_CHANGED,
        brand=form.brand,
        lists=form.lists,
        purposes=tuple(sorted({*purposes, PROFILING})),
        notice=notice.sha256 if notice else None,
        via=Via.OPERATOR,
        claims=claims,
    )
    ledger.append(chain, [draft], wake=False)


def _walk(base_url: str, numbers: Sequence[int]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda number: _sign_up(base_url, number), numbers))
        waiting = {address(number) for number in numbers}
        deadline = time.monotonic() + MAIL_WAIT_S
        while waiting and time.monotonic() < deadline:
            links = _confirm_paths(base_url, waiting)
            waiting -= links.keys()
            list(pool.map(lambda path: _confirm(base_url, path), links.values()))
            time.sleep(_BETWEEN_LOOKS_S if waiting else 0)
    if waiting:
        raise RuntimeError(f"no confirmation mail came within {MAIL_WAIT_S:.0f} s")


def _sign_up(base_url: str, number: int) -> None:
    fields = {"email": address(number), "newsletter": "yes", "lang": "en"}
    if number % 2:
        fields["measurement"] = "yes"
    status, _ = _call(base_url, "POST", f"/forms/{DEMO_FORM.id}", urlencode(fields), _FORM)
    _require(status, "the sign-up form")


def _confirm(base_url: str, path: str) -> None:
    status, _ = _call(base_url, "POST", path, "act=confirm", _FORM)
    _require(status, "the confirmation")


def _confirm_paths(base_url: str, waiting: set[str]) -> dict[str, str]:
    """Return the confirmation links that came for those who wait, by address."""
    status, body = _call(base_url, "GET", "/local/mailbox.json")
    _require(status, "the mailbox")
    links: dict[str, str] = {}
    for message in json.loads(body)["messages"]:
        found = _CONFIRM_PATH.search(message["text"] or "")
        if found:
            links |= {to: found.group() for to in message["to"] if to in waiting}
    return links


def _require(status: int, step: str) -> None:
    if status != http.client.OK:
        raise RuntimeError(f"{step} answered {status}")


def _call(
    base_url: str,
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, bytes]:
    place = urlsplit(base_url)
    with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)) as link:
        link.request(method, path, body, dict(headers))
        answer = link.getresponse()
        return answer.status, answer.read()


def _append_confirmed(container: Container, form: Form, number: int) -> None:
    parsed = parse_address(address(number))
    ledger = container.ledger
    notice = form.notice("en")
    claims = Claims(
        subject={"email": parsed.deliverable, "email_as_typed": parsed.typed},
        choice={"fields": {}, "attributes": {}, "form": form.id, "made_by": "local demo data"},
    )
    drafts = [
        Draft(
            type=act,
            brand=form.brand,
            lists=form.lists,
            purposes=(PurposeId("newsletter"),),
            notice=notice.sha256 if notice else None,
            via=Via.OPERATOR if act is EventType.CONSENT_CONFIRMED else None,
            claims=claims,
        )
        for act in (EventType.CONSENT_REQUESTED, EventType.CONSENT_CONFIRMED)
    ]
    profile: dict[str, JsonValue] = {
        "attributes": {},
        "email": parsed.deliverable,
        "language": "en",
    }
    try:
        chain = ledger.start(ledger.mac(parsed.normal))
        ledger.append(chain, drafts, profile=profile, wake=False)
    except Conflict:
        return  # There already: the demo may be seeded again.

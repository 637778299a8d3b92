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
from chalicelib.errors import Conflict
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST

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
    container.ledger.wake_sequencer()


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

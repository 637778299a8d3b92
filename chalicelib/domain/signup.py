# SPDX-License-Identifier: Apache-2.0
"""Sign-up: what a submission must hold, and what mail, if any, answers a request.

Errors name fields, never repeat what was typed. The mail decision looks only at the folded
state, so that a queue may deliver the same request twice.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.consent import may_confirm
from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.forms import Field, FieldType, Form, read_day
from chalicelib.domain.ids import PurposeId
from chalicelib.domain.state import ConsentKey, ConsentStatus, Scope, SubjectState
from chalicelib.domain.suppression_rules import LIFTED_BY_CONFIRMATION, in_the_way
from chalicelib.errors import InputError

COOLDOWN_MS = 15 * MINUTE_MS
MAILS_PER_DAY = 2
MAILS_PER_30_DAYS = 3
TICKED = "yes"
_NO = frozenset({"", "0", "false", "no", "off"})


class Problem(StrEnum):
    """What is wrong with one field; pages turn it into a sentence in the visitor's language."""

    MISSING = "missing"
    MALFORMED_ADDRESS = "malformed_address"
    TOO_LONG = "too_long"
    BAD_CHARACTERS = "bad_characters"
    CONSENT_MISSING = "consent_missing"
    BAD_NUMBER = "bad_number"
    OUT_OF_RANGE = "out_of_range"
    BAD_DATE = "bad_date"
    NOT_A_CHOICE = "not_a_choice"
    BAD_PHONE = "bad_phone"
    BAD_URL = "bad_url"
    DISPOSABLE_ADDRESS = "disposable_address"
    ROLE_ADDRESS = "role_address"
    UNDELIVERABLE_ADDRESS = "undeliverable_address"


class SubmissionError(InputError):
    """The submission cannot be used; ``problems`` says what is wrong, by field name."""

    def __init__(self, problems: Mapping[str, Problem], suggestion: str | None = None) -> None:
        """Keep the problems for the page that shows the form again.

        Args:
            suggestion: the address that was probably meant.
        """
        super().__init__(code="bad_submission", detail="Some fields of the form need another look.")
        self.problems = dict(problems)
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A valid submission.

    Attributes:
        fields: every field filled in, without surrounding space, a number without needless
            digits, and ``yes`` for each tick and box ticked: one canonical form, so that its length
            depends on nothing but what was chosen.
    """

    address: Address
    purposes: tuple[PurposeId, ...]
    fields: Mapping[str, str]


def read_submission(form: Form, values: Mapping[str, str]) -> Submission:
    """Return the submission in ``values`` (HTTP parameter → text) or say all that is wrong.

    Unknown parameters are ignored and not kept.

    Raises:
        SubmissionError: at least one field is missing or malformed, or a mandatory box unticked.

    """
    problems: dict[str, Problem] = {}
    filled: dict[str, str] = {}
    address: Address | None = None
    for field in form.fields:
        value = values.get(field.name, "").strip()
        if field.type is FieldType.EMAIL:
            address, problem = _address(value)
        else:
            value, problem = read_value(field, value)
        if value:
            filled[field.name] = value
        if problem:
            problems[field.name] = problem
    ticked = [box for box in form.boxes if is_ticked(values.get(box.name, ""))]
    problems |= {
        box.name: Problem.CONSENT_MISSING
        for box in form.boxes
        if box.mandatory and box not in ticked
    }
    if problems or address is None:
        raise SubmissionError(problems)
    return Submission(
        address=address,
        purposes=tuple(sorted({box.purpose for box in ticked})),
        fields=filled | {box.name: TICKED for box in ticked},
    )


def _address(value: str) -> tuple[Address | None, Problem | None]:
    if not value:
        return None, Problem.MISSING
    try:
        return parse_address(value), None
    except InputError:
        return None, Problem.MALFORMED_ADDRESS


def is_ticked(value: str) -> bool:
    """Say whether what a tick or box was sent with means that it was ticked."""
    return value.strip().lower() not in _NO


def read_value(field: Field, value: str) -> tuple[str, Problem | None]:
    """Return what is kept of one field's ``value``, stripped, and what is wrong with it."""
    if field.type is FieldType.TICK:
        value = TICKED if is_ticked(value) else ""
    if not value:
        return value, Problem.MISSING if field.required else None
    if len(value) > field.longest:
        return value, _TOO_LONG.get(field.type, Problem.TOO_LONG)
    if not value.isprintable():
        return value, Problem.BAD_CHARACTERS
    problem = _RULES[field.type](field, value)
    if field.type is FieldType.NUMBER and problem is None:
        value = str(int(value))
    return value, problem


def _number_problem(field: Field, value: str) -> Problem | None:
    if not re.fullmatch(r"[+-]?\d{1,13}", value, re.ASCII):
        return Problem.BAD_NUMBER
    low = field.min is not None and int(value) < field.min
    high = field.max is not None and int(value) > field.max
    return Problem.OUT_OF_RANGE if low or high else None


def _date_problem(field: Field, value: str) -> Problem | None:
    if read_day(value) is None:
        return Problem.BAD_DATE
    # Days written alike are ordered as their texts are.
    early, late = field.earliest or value, field.latest or value
    return None if early <= value <= late else Problem.OUT_OF_RANGE


def _choice_problem(field: Field, value: str) -> Problem | None:
    return None if value in {c.value for c in field.choices} else Problem.NOT_A_CHOICE


def _phone_problem(_: Field, value: str) -> Problem | None:
    """A number as people write it: E.164 has at most 15 digits, no plan fewer than five."""
    is_one = re.fullmatch(r"\+?[0-9 ().\u2010-\u2013/\u00a0-]+", value)
    digits = sum(char.isdigit() for char in value)
    return None if is_one and 5 <= digits <= 15 else Problem.BAD_PHONE  # noqa: PLR2004


def _url_problem(_: Field, value: str) -> Problem | None:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Problem.BAD_URL
    web = parts.scheme in ("http", "https") and "@" not in parts.netloc and port != 0
    return None if web and "." in host.strip(".") and " " not in value else Problem.BAD_URL


def _no_problem(_: Field, __: str) -> None:
    return None


_TOO_LONG = {
    FieldType.NUMBER: Problem.BAD_NUMBER,
    FieldType.DATE: Problem.BAD_DATE,
    FieldType.CHOICE: Problem.NOT_A_CHOICE,
}
_RULES: Mapping[FieldType, Callable[[Field, str], Problem | None]] = {
    FieldType.EMAIL: _no_problem,
    FieldType.TEXT: _no_problem,
    FieldType.TICK: _no_problem,
    FieldType.NUMBER: _number_problem,
    FieldType.DATE: _date_problem,
    FieldType.CHOICE: _choice_problem,
    FieldType.PHONE: _phone_problem,
    FieldType.URL: _url_problem,
}


class Mail(StrEnum):
    """The mail that answers a request."""

    CONFIRM = "confirm"
    ALREADY_SUBSCRIBED = "already-subscribed"
    NONE = "none"


def decide_mail(
    state: SubjectState,
    request_entry: int,
    wanted: tuple[ConsentKey, ...],
    now_ms: int,
) -> Mail:
    """Decide what to mail for the request at chain entry ``request_entry``.

    Nothing for an older request than the latest, one already answered, an address an operator
    suppressed, a restricted or erased person, or beyond the rule: a second mail after
    15 minutes, two per 24 hours, three in 30 days.
    """
    scope = Scope(wanted[0].brand, wanted[0].channel)
    lists, purposes = {key.list for key in wanted}, {key.purpose for key in wanted}
    met = in_the_way(state, scope, lists)
    blocked = any(x.reason not in LIFTED_BY_CONFIRMATION for x in met)
    if state.restricted or state.erased or blocked:
        return Mail.NONE
    if state.last_request != request_entry:
        return Mail.NONE
    if state.last_mail is not None and state.last_mail > request_entry:
        return Mail.NONE
    if not may_confirm(state, request_entry, *wanted[0][:2], lists, purposes):
        return Mail.NONE  # Withdrawn, refused or objected to since: it is answered.
    if not may_mail_again(state.mails_ms, now_ms):
        return Mail.NONE
    live = scope not in state.objections and not met
    if live and all(_given(state, key) for key in wanted):
        return Mail.ALREADY_SUBSCRIBED
    return Mail.CONFIRM


def may_mail_again(mails_ms: tuple[int, ...], now_ms: int) -> bool:
    """Say whether one more confirmation mail keeps the rule of `decide_mail`."""
    ages = [now_ms - at_ms for at_ms in mails_ms]
    return (
        all(age >= COOLDOWN_MS for age in ages)
        and sum(age < DAY_MS for age in ages) < MAILS_PER_DAY
        and sum(age < 30 * DAY_MS for age in ages) < MAILS_PER_30_DAYS
    )


def _given(state: SubjectState, key: ConsentKey) -> bool:
    consent = state.consents.get(key)
    return consent is not None and consent.status is ConsentStatus.GIVEN

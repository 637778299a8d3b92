# SPDX-License-Identifier: Apache-2.0
"""Who got a campaign, who did not and why, in the console; and the files of exports.

Guarantees that a list shows random ids and outcomes, and opens nobody; that a file of addresses is
asked for, watched and fetched only with a key of the scope ``marketing``; and that it is asked for
only by a form with the token of its own session.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from chalicelib.domain.accounting import Account, Asked, read_asked
from chalicelib.domain.csv_rows import CSV
from chalicelib.domain.jobs import JobStatus
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.api.exports import file_answer
from chalicelib.entrypoints.audience_export_pages import show_file
from chalicelib.entrypoints.campaigns_console_pages import nothing, seen_in, zone_of
from chalicelib.entrypoints.compliance_erasures import REFRESH
from chalicelib.entrypoints.console_access import Seat, inside, marketer
from chalicelib.entrypoints.exchange import ZIP, Answer, Request, html, redirect
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.campaigns import Progress
    from chalicelib.services.campaign_sight import Seen
    from chalicelib.services.export_jobs import Export

EXPORTS: Final = "/console/exports"
ROWS: Final = 50
MISSED: Final = "missed"
ALL: Final = "all"
_SETS: Final[Mapping[str, frozenset[Account]]] = {
    MISSED: frozenset({Account.SKIPPED, Account.REJECTED, Account.UNKNOWN}),
    ALL: frozenset(),
}
"""Words of the page for several outcomes; every other word is that of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whom a list, or an export, is of.

    Attributes:
        outcome: a word of `_SETS` or of `Account`.
        reason: of those skipped, for this one alone; "" for any.
        people: how many they are; None where nobody asked.

    """

    outcome: str = MISSED
    reason: str = ""
    people: int | None = None

    @property
    def asked(self) -> Asked:
        """Whom the services are asked for.

        Raises:
            InputError: there is no such outcome or reason.

        """
        named = _SETS.get(self.outcome, (self.outcome,))
        return read_asked(named, (self.reason,) if self.reason else ())


def _show_recipients(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    return _page(container, seat, seen, _chosen(request.query), request.query.get("cursor") or None)


def _ask_export(container: "Container", request: Request, seat: Seat) -> Answer:
    seen = seen_in(container, request)
    if seen is None:
        return nothing(container, seat)
    choice = _chosen(seat.fields)
    try:
        export = container.exports.ask(seen.campaign.id, choice.asked)
    except Conflict as error:
        return _page(container, seat, seen, choice, trouble="early", status=status_of(error))
    return redirect(f"{EXPORTS}/{export.id}?language={seat.language}")


def _show_export(container: "Container", request: Request, seat: Seat) -> Answer:
    try:
        export = container.exports.get(path_word(request, "export"))
    except (InputError, NotFound):
        data = {**seat.frame(), "missing": "export"}
        return html(container.renderer.page("console/error.html", data), 404)
    if export.campaign is None or export.asked is None:
        return show_file(container, seat, export, _why_none(export))
    campaign = container.campaign_rows.get(export.campaign)
    data = {
        **seat.frame(),
        "export": export,
        "why": _why_none(export),
        "choice": _choice_of(export.asked),
        "campaign": campaign,
        "zone": zone_of(container, campaign) if campaign else "UTC",
        "number": container.renderer.tongue(seat.language).number,
    }
    text = container.renderer.page("console/export.html", data)
    return html(text, headers=REFRESH if export.status is JobStatus.PENDING else {})


def _download(container: "Container", request: Request, seat: Seat) -> Answer:
    return _file(container, request, seat, CSV)


def _download_zip(container: "Container", request: Request, seat: Seat) -> Answer:
    return _file(container, request, seat, ZIP)


def _file(container: "Container", request: Request, seat: Seat, wanted: str) -> Answer:
    """Send the file; where there is none, lead to the page that says why."""
    export = path_word(request, "export")
    try:
        return file_answer(container, export, wanted)
    except (Conflict, InputError, NotFound):
        return redirect(f"{EXPORTS}/{quote(export, safe='')}?language={seat.language}")


show_recipients = inside(_show_recipients)
ask_export = marketer(_ask_export)
show_export = marketer(_show_export)
download = marketer(_download)
download_zip = marketer(_download_zip)


def choices(progress: "Progress") -> tuple[Choice, ...]:
    """Return whom the list of a campaign can be of, those of most people first within a reason.

    They are numbered as the campaign's own page numbers them.
    """
    return tuple(
        choice
        for choice in _choices(progress)
        if choice.people or choice.outcome in {MISSED, Account.SENT, ALL}
    )


def _choices(progress: "Progress") -> Iterator[Choice]:
    skipped = sum(progress.skipped.values())
    missed = skipped + progress.rejected + progress.unknown
    yield Choice(outcome=MISSED, people=missed)
    yield Choice(outcome=Account.SKIPPED, people=skipped)
    for reason, people in sorted(progress.skipped.items(), key=lambda it: (-it[1], it[0])):
        yield Choice(outcome=Account.SKIPPED, reason=reason, people=people)
    yield Choice(outcome=Account.REJECTED, people=progress.rejected)
    yield Choice(outcome=Account.UNKNOWN, people=progress.unknown)
    yield Choice(outcome=Account.SENT, people=progress.sent)
    yield Choice(outcome=Account.PLANNED, people=progress.open)
    yield Choice(outcome=ALL, people=progress.planned)


def _page(
    container: "Container",
    seat: Seat,
    seen: "Seen",
    choice: Choice,
    cursor: str | None = None,
    *,
    trouble: str = "",
    status: int = 200,
) -> Answer:
    campaign = seen.campaign
    found = container.recipients.page(campaign.id, choice.asked, cursor, ROWS)
    offered = choices(seen.progress)
    named = (choice.outcome, choice.reason)
    counted = [each.people for each in offered if (each.outcome, each.reason) == named]
    data = {
        **seat.frame(),
        "campaign": seen.shown,
        "is_planned": campaign.go_ms is not None or campaign.finished_ms is not None,
        "choices": offered,
        "choice": choice,
        "people": counted[0] if counted else 0,
        "found": found.items,
        "cursor": found.cursor,
        "is_first": cursor is None,
        "number": container.renderer.tongue(seat.language).number,
        "trouble": trouble,
    }
    return html(container.renderer.page("console/recipients.html", data), status)


def _chosen(told: Mapping[str, str]) -> Choice:
    """Whom a query, or a form, names; a reason alone is one of those skipped."""
    reason = told.get("reason", "")
    outcome = told.get("outcome") or (Account.SKIPPED if reason else MISSED)
    return Choice(outcome=outcome, reason=reason)


def _choice_of(asked: Asked) -> Choice | None:
    """Whom an export is of; None when the page has no word for it: the API asked for it."""
    if len(asked.reasons) > 1:
        return None
    reason = next(iter(asked.reasons), "")
    named = [word for word, outcomes in _SETS.items() if outcomes == asked.outcomes]
    if len(asked.outcomes) == 1:
        named = list(asked.outcomes)
    return Choice(outcome=named[0], reason=reason) if named else None


def _why_none(export: "Export") -> str:
    """Why there is no file, as a word that the page has a sentence for; "" when it has none."""
    from chalicelib.services import export_files, exports  # noqa: PLC0415  # loads cryptography

    words = {
        export_files.TOO_LONG: "late",
        export_files.GONE: "erased",
        export_files.OLD: "old",
        exports.TOO_LARGE: "large",
    }
    return words.get(export.problem or "", "")

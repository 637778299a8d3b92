# SPDX-License-Identifier: Apache-2.0
"""Sign-up: a form's submission becomes a ``consent.requested`` entry, and nothing more.

Guarantees the same calls in the same order, and the same answer, whether the address is unknown,
known or suppressed (promise 9, docs/architecture.md): MAC, one lookup, one append, one queue
message with only the request id. The worker decides whether and what to mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.forms import Form
from chalicelib.domain.networks import network_of
from chalicelib.domain.signup import Submission, read_submission
from chalicelib.errors import Conflict, InputError, NotFound, OverBudget
from chalicelib.ports.catalog import Brands, Forms
from chalicelib.ports.outside import Activity, Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.vocabulary import EventType

HOUR_S = 3600
MAX_SESSION_CHARS = 500
"""Longest piece of what a browser says of itself that is kept as evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where a request came from, as the gateway saw it; sealed with the entry.

    Attributes:
        network: source address from the gateway itself, never from a client-written header.

    """

    network: str
    user_agent: str = ""
    page: str = ""
    referrer: str = ""
    language: str = ""

    def claim(self) -> dict[str, JsonValue]:
        """Return the session as the ledger's sealed ``session`` claim."""
        return {
            "ip": _plain(self.network),
            "lang": _plain(self.language),
            "referrer": _plain(self.referrer),
            "ua": _plain(self.user_agent),
            "url": _plain(self.page),
        }


def _plain(text: str) -> str:
    """At most 500 printable ASCII characters: a browser must not decide how much is sealed."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:MAX_SESSION_CHARS])
    return shown.encode("ascii", "replace").decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What the visitor may be told: the address as typed, and who will write."""

    form: Form
    brand: Brand
    typed: str


class Signup:
    """The form's two acts: show and submit."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        forms: Forms,
        brands: Brands,
        activity: Activity,
        queues: Queues,
        tokens: LinkTokens,
        clock: Clock,
        per_hour: int,
    ) -> None:
        self._ledger = ledger
        self._forms = forms
        self._brands = brands
        self._activity = activity
        self._queues = queues
        self._tokens = tokens
        self._clock = clock
        self._per_hour = per_hour

    def form(self, form_id: str) -> tuple[Form, Brand]:
        """Return a published form and its brand.

        Raises:
            NotFound: there is no such form, or it was never published.

        """
        form = self._forms.get(form_id)
        brand = self._brands.get(form.brand) if form else None
        if form is None or brand is None or not form.notices:
            raise NotFound("There is no sign-up form at this address.")
        return form, brand

    def submit(
        self, form_id: str, values: Mapping[str, str], session: Session, language: str
    ) -> Accepted:
        """Log the request and queue its mail.

        Args:
            values: HTTP parameters as submitted; ``notice`` may name the notice that was shown.
            language: of the page the visitor saw.

        Raises:
            NotFound: no such form.
            OverBudget: the network's budget is used up; nothing that depends on the address ran.
            InputError: the submission is unusable (`SubmissionError` says which fields), or the
                form it was made with is another by now.
            Conflict: the subject's chain kept moving; nothing was logged.
            DependencyError: nobody may have been mailed; sending the form again is harmless.

        """
        form, brand = self.form(form_id)
        self._spend(session.network)
        shown = values.get("notice", "")
        form = self._as_shown(form, shown)
        submission = read_submission(form, values)
        language = language if language in LANGUAGES else brand.default_language
        draft = self._draft(form, submission, session, shown, language)
        draft = _with_privacy(draft, brand.linked_privacy(language))
        self._append(submission, draft, language)
        self._queues.send(Queue.CONFIRMATIONS, {"v": 1, "request": draft.event})
        return Accepted(form=form, brand=brand, typed=submission.address.typed)

    def _as_shown(self, form: Form, shown: str) -> Form:
        """Return the form that shows this notice: a page may know of a change before we do."""
        if not shown or _shows(form, shown):
            return form
        newest = self._forms.latest(form.id)
        if newest is None or not _shows(newest, shown):
            raise InputError(
                code="stale_form",
                detail="This form has changed since it was opened. Please load it again.",
            )
        return newest

    def _spend(self, network: str) -> None:
        budget = "signup#" + self._tokens.blind("network", network_of(network))
        used = self._activity.count(budget, HOUR_S, self._clock.now_ms())
        if used > self._per_hour:
            raise OverBudget(
                "Too many sign-ups came from this network. Please try again in an hour."
            )

    def _draft(
        self, form: Form, submission: Submission, session: Session, shown: str, language: str
    ) -> Draft:
        notice = form.notice(language)
        if notice is None:
            raise NotFound("There is no sign-up form at this address.")
        return Draft(
            type=EventType.CONSENT_REQUESTED,
            event=self._ledger.new_event_id(),
            brand=form.brand,
            lists=form.lists,
            purposes=submission.purposes,
            notice=shown or notice.sha256,
            claims=Claims(
                subject={
                    "email": submission.address.deliverable,
                    "email_as_typed": submission.address.typed,
                },
                session={**session.claim(), "lang": language},
                choice={
                    "fields": dict(submission.fields),
                    "form": form.id,
                    "version": form.version,
                    "prechecked": False,
                },
            ),
        )

    def _append(self, submission: Submission, draft: Draft, language: str) -> None:
        mac = self._ledger.mac(submission.address.normal)
        fresh: dict[str, JsonValue] = {
            "attributes": {},
            "email": submission.address.deliverable,
            "language": language,
        }
        for _ in range(ATTEMPTS):
            try:
                chain = self._ledger.start_or_open(mac, self._ledger.lookup(mac).sid)
                # Somebody known keeps their profile: nobody has proven this request is theirs.
                self._ledger.append(
                    chain,
                    [draft],
                    profile=fresh if chain.is_new else None,
                    signup=True,
                    wake=False,
                )
            except Conflict:
                continue
            return
        raise Conflict(KEPT_MOVING)


def _with_privacy(draft: Draft, sha256: str | None) -> Draft:
    """The draft whose sealed choice names the privacy page that was linked then."""
    if sha256 is None:
        return draft
    choice = {**(draft.claims.choice or {}), "privacy": sha256}
    return replace(draft, claims=replace(draft.claims, choice=choice))


def _shows(form: Form, notice: str) -> bool:
    return notice in {ref.sha256 for ref in form.notices}

# SPDX-License-Identifier: Apache-2.0
"""Sign-up: a form's submission becomes a ``consent.requested`` entry, and nothing more.

Guarantees the same calls in the same order, and the same answer, whether the address is unknown,
known or suppressed (promise 9, docs/architecture.md): the gate (docs/spec/abuse.md), MAC, one
lookup, one append, one queue message with only the request id. The worker decides whether and
what to mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.forms import Form, NoticeRef
from chalicelib.domain.parameters import Parameter, ShownAs, shown_as_of, tag_of
from chalicelib.domain.signup import Submission, read_submission
from chalicelib.domain.typos import suggest
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Forms
from chalicelib.ports.outside import Queue, Queues
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.gate import Gate
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Draft, Ledger
from chalicelib.vocabulary import EventType

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
    """What the visitor may be told: the address as typed, and who will write.

    Attributes:
        suggestion: the address that was probably meant, if this one looks mistyped.
        notice: hash of the notice the request names.
    """

    form: Form
    brand: Brand
    typed: str
    language: str
    notice: str
    suggestion: str | None


class Signup:
    """The form's two acts: show and submit."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        forms: Forms,
        brands: Brands,
        queues: Queues,
        gate: Gate,
    ) -> None:
        self._ledger = ledger
        self._forms = forms
        self._brands = brands
        self._queues = queues
        self._gate = gate

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
        """Judge a visitor's submission, log the request and queue its mail.

        Args:
            values: HTTP parameters as submitted: the form's own, and those of
                `domain.parameters`; ``notice`` may name the notice that was shown.
            language: of the page the visitor saw.

        Raises:
            NotFound: no such form.
            OverBudget: the network's budget is used up; nothing that depends on the address ran.
            ExtraStep: one visible step more is needed; likewise nothing ran.
            InputError: the submission is unusable (`SubmissionError` says which fields), or the
                form it was made with is another by now.
            Conflict: the subject's chain kept moving; nothing was logged.
            DependencyError: nobody may have been mailed; sending the form again is harmless.

        """
        form, brand = self.form(form_id)
        self._gate.enter(session.network)
        shown = values.get(Parameter.NOTICE, "")
        form = self._as_shown(form, shown)
        submission = read_submission(form, values)
        self._gate.judge(form, submission, values, session.network)
        return self.request(
            form,
            brand,
            submission,
            session,
            language,
            notice=shown,
            shown_as=shown_as_of(values.get(Parameter.SHOWN_AS, "")),
            tag=tag_of(values.get(Parameter.TAG, "")),
        )

    def request(
        self,
        form: Form,
        brand: Brand,
        submission: Submission,
        session: Session,
        language: str,
        *,
        notice: str = "",
        shown_as: ShownAs = ShownAs.UNKNOWN,
        tag: str = "",
    ) -> Accepted:
        """Log one request and queue its mail, without judging it: the caller has.

        Args:
            form: the version the person saw.
            language: that the person saw; any but ours becomes the brand's own.
            notice: hash of the notice that was shown; "" takes the form's in ``language``.
            tag: campaign tag as `tag_of` gives it; "" for none.

        Raises:
            NotFound: the form was never published.
            Conflict: the subject's chain kept moving; nothing was logged.
            DependencyError: nobody may have been mailed; asking again is harmless.

        """
        language = language if language in LANGUAGES else brand.default_language
        shown = _notice(form, notice, language)
        origin = {"shown_as": str(shown_as)} | ({"tag": tag} if tag else {})
        draft = self._draft(form, submission, session, shown, language, origin)
        draft = _with_privacy(draft, brand.linked_privacy(language))
        self._append(submission, draft, language)
        self._queues.send(Queue.CONFIRMATIONS, {"v": 1, "request": draft.event})
        return Accepted(
            form=form,
            brand=brand,
            typed=submission.address.typed,
            language=language,
            notice=shown.sha256,
            suggestion=suggest(submission.address),
        )

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

    def _draft(
        self,
        form: Form,
        submission: Submission,
        session: Session,
        shown: NoticeRef,
        language: str,
        origin: Mapping[str, str],
    ) -> Draft:
        choice: dict[str, JsonValue] = {
            "fields": dict(submission.fields),
            "form": form.id,
            "version": form.version,
            "prechecked": False,
            **origin,
        }
        if shown.form_sha256:
            choice["descriptor"] = shown.form_sha256
        return Draft(
            type=EventType.CONSENT_REQUESTED,
            event=self._ledger.new_event_id(),
            brand=form.brand,
            lists=form.lists,
            purposes=submission.purposes,
            notice=shown.sha256,
            claims=Claims(
                subject={
                    "email": submission.address.deliverable,
                    "email_as_typed": submission.address.typed,
                },
                session={**session.claim(), "lang": language},
                choice=choice,
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


def _notice(form: Form, notice: str, language: str) -> NoticeRef:
    """The notice named, else the one in ``language``."""
    named = (ref for ref in form.notices if ref.sha256 == notice)
    found = next(named, None) or form.notice(language)
    if found is None:
        raise NotFound("There is no sign-up form at this address.")
    return found

# SPDX-License-Identifier: Apache-2.0
"""Enrolment by another system of the controller: a check-out, a till, a CRM.

Guarantees that nothing here makes a consent of its own: a double opt-in is only asked for, an
attested consent is the controller's statement (grade C), a soft opt-in is none at all. Whatever
objection, withdrawal, restriction or suppression stands goes on standing (promise 10,
docs/architecture.md), and a claim that it blocks stays in the ledger as claimed.
"""

from collections.abc import Mapping
from ipaddress import ip_address

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.enrolment import (
    SKEW_MS,
    Enrolled,
    Enrolling,
    Hygiene,
    Person,
    Sale,
    Shown,
    consent_blocked,
    require_offered,
    require_past,
    require_recent,
    sale_blocked,
)
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.forms import FieldType, Form, NoticeRef
from chalicelib.domain.gate import is_role
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.parameters import ShownAs, tag_of
from chalicelib.domain.signup import TICKED, read_submission
from chalicelib.domain.sources import source_of
from chalicelib.domain.state import Scope, consent_keys
from chalicelib.domain.typos import suggest
from chalicelib.errors import Conflict, InputError
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.gate import DisposableDomains
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import ATTEMPTS, KEPT_MOVING, Chain, Draft, Ledger
from chalicelib.services.mail_domains import MailDomains, Undeliverable
from chalicelib.services.signup import Session, Signup
from chalicelib.services.suppressions import Suppressor
from chalicelib.vocabulary import EventType

FORMS_A_PAGE = 100


class Enrolment:
    """Takes people in on one of three bases."""

    def __init__(
        self,
        *,
        signup: Signup,
        ledger: Ledger,
        suppressor: Suppressor,
        mail_domains: MailDomains,
        disposable: DisposableDomains,
        forms: Forms,
        brands: Brands,
        lists: Lists,
        clock: Clock,
    ) -> None:
        self._signup = signup
        self._ledger = ledger
        self._suppressor = suppressor
        self._mail_domains = mail_domains
        self._disposable = disposable
        self._forms = forms
        self._brands = brands
        self._lists = lists
        self._clock = clock

    def ask(
        self, person: Person, shown: Shown, fields: Mapping[str, str], session: Session
    ) -> Enrolled:
        """Start a double opt-in, as the form itself would; the answer is the same for everybody.

        Raises:
            NotFound: there is no such published form.
            InputError: the submission cannot be used (`SubmissionError` says which fields), or no
                mail arrives at the domain of its address.
            Conflict: the subject's chain kept moving; nothing was logged.
        """
        _require_network(session.network)
        form, brand = self._signup.form(shown.form)
        language = _language(person, brand)
        form, ref = self._notice_of(form, shown.notice, language)
        _require_boxes(form, shown.boxes)
        _require_fields(form, fields)
        email = next(item.name for item in form.fields if item.type is FieldType.EMAIL)
        ticked = {name: TICKED for name, on in shown.boxes.items() if on}
        submission = read_submission(form, {**fields, **ticked, email: person.email})
        hygiene = self._hygiene(submission.address)
        if hygiene.no_mail:
            raise Undeliverable(submission.address)
        self._signup.request(
            form,
            brand,
            submission,
            session,
            language,
            notice=ref.sha256,
            shown_as=ShownAs.API,
            tag=tag_of(shown.tag),
        )
        return Enrolled(basis=Enrolling.DOUBLE_OPT_IN, hygiene=hygiene)

    def attest(self, person: Person, shown: Shown, at_ms: int, session: Session) -> Enrolled:
        """Record that another system states a consent: notice, boxes, time and origin.

        Args:
            at_ms: when the person sent the boxes off.

        Raises:
            NotFound: there is no such published form.
            InputError: the act is too old or in the future, the notice was published later, the
                boxes are not the form's, or a mandatory one was not ticked.
            Conflict: the subject's chain kept moving; nothing was recorded.
        """
        require_recent(at_ms, self._clock.now_ms())
        _require_network(session.network)
        address = parse_address(person.email)
        form, ref = self._shown(shown, person, at_ms)
        brand = self._brand(form.brand)
        purposes = _agreed(form, shown.boxes)
        language = _language(person, brand)
        choice = _stated_choice(form, ref, shown, at_ms, person)
        privacy = brand.linked_privacy(language)
        draft = Draft(
            type=EventType.CONSENT_IMPORTED,
            brand=brand.id,
            lists=form.lists,
            purposes=purposes,
            notice=ref.sha256,
            via=Via.API,
            claims=Claims(
                subject=_subject(address),
                session={**session.claim(), "lang": language},
                choice=choice | ({"privacy": privacy} if privacy else {}),
            ),
        )
        hygiene = self._hygiene(address)
        chain = self._record(address, draft, self._profile(person, address, language, draft))
        wanted = consent_keys(Scope(brand.id, EMAIL), form.lists, purposes)
        return Enrolled(
            basis=Enrolling.ATTESTED,
            hygiene=hygiene,
            sid=chain.sid,
            blocked=consent_blocked(chain.state, wanted),
        )

    def buyer(
        self, person: Person, brand_id: str, list_id: str | None, purpose: str, sale: Sale
    ) -> Enrolled:
        """Record that the address was obtained in a sale, with the objection offered (no consent).

        Raises:
            InputError: no such brand or list, a time in the future, or an objection offered only
                after the sale.
            Conflict: the subject's chain kept moving; nothing was recorded.

        Source: ePrivacy Directive 2002/58/EC Art. 13(2).
        """
        now_ms = self._clock.now_ms()
        require_past(sale.at_ms, now_ms, "The time of the sale")
        require_past(sale.objection_at_ms, now_ms, "The time at which the objection was offered")
        require_offered(sale.at_ms, sale.objection_at_ms)
        address = parse_address(person.email)
        brand = self._brand(brand_id)
        lists = self._own_list(brand, list_id)
        draft = Draft(
            type=EventType.BASIS_RECORDED,
            brand=brand.id,
            lists=lists,
            purposes=(PurposeId(purpose),),
            via=Via.API,
            claims=Claims(subject=_subject(address), choice=_sale_choice(sale, person)),
        )
        language = _language(person, brand)
        hygiene = self._hygiene(address)
        chain = self._record(address, draft, self._profile(person, address, language, draft))
        scope = Scope(brand.id, EMAIL)
        wanted = consent_keys(scope, lists, draft.purposes)
        return Enrolled(
            basis=Enrolling.SOFT_OPT_IN,
            hygiene=hygiene,
            sid=chain.sid,
            blocked=sale_blocked(chain.state, wanted, scope),
        )

    def _hygiene(self, address: Address) -> Hygiene:
        """What is known of an address by itself; looked at before anything is looked up by it."""
        return Hygiene(
            no_mail=self._mail_domains.takes_none(address.domain),
            disposable=address.domain in self._disposable,
            role=is_role(address),
            suggestion=suggest(address),
        )

    def _record(self, address: Address, draft: Draft, profile: Mapping[str, JsonValue]) -> Chain:
        """Append the statement, after everything that its address was suppressed for before."""
        mac = self._ledger.mac(address.normal)
        for _ in range(ATTEMPTS):
            try:
                chain = self._ledger.start_or_open(mac, self._ledger.lookup(mac).sid)
                heard = self._suppressor.heard(chain, address)
                # Somebody known keeps their profile: this act was not theirs in our sight.
                return self._ledger.append(
                    chain,
                    [*heard.drafts, draft],
                    profile=profile if chain.is_new else None,
                    suppress=heard.rows,
                )
            except Conflict:
                continue
        raise Conflict(KEPT_MOVING)

    def _profile(
        self, person: Person, address: Address, language: str, draft: Draft
    ) -> dict[str, JsonValue]:
        claims = draft.claims
        return {
            "attributes": dict(person.attributes),
            "email": address.deliverable,
            "language": language,
            "source": dict(source_of(claims.choice or {}, claims.session or {})),
        }

    def _shown(self, shown: Shown, person: Person, at_ms: int) -> tuple[Form, NoticeRef]:
        """The version of the form that was shown, and its notice; published before the act."""
        if shown.notice:
            named = self._signup.form(shown.form)[0] if shown.form else None
            found = self._notice_of(named, shown.notice, person.language)
        else:
            form, brand = self._signup.form(shown.form)
            found = self._in_force(form, _language(person, brand), at_ms)
        if found[1].published_ms > at_ms + SKEW_MS:
            raise InputError(
                code="bad_notice",
                detail="This notice was published after the person's act: it cannot have been"
                " shown.",
            )
        return found

    def _notice_of(self, form: Form | None, notice: str, language: str) -> tuple[Form, NoticeRef]:
        """The form's version that has the notice; its current one where none is named.

        Raises:
            InputError: no version of the form (of any form, where none is given) has it.
        """
        current = form.notice(language) if form is not None else None
        if form is not None and current is not None and not notice:
            return form, current
        for candidate in [form] if form is not None else self._every_form():
            for version in self._versions(candidate):
                for ref in version.notices:
                    if ref.sha256 == notice:
                        return version, ref
        raise InputError(
            code="bad_notice",
            detail="No published form has this notice. Name a form, or the notice it showed.",
        )

    def _in_force(self, form: Form, language: str, at_ms: int) -> tuple[Form, NoticeRef]:
        """The newest version that was published by ``at_ms``; else the first one."""
        found: tuple[Form, NoticeRef] | None = None
        for version in self._versions(form):
            ref = version.notice(language)
            if ref is None:
                continue
            found = version, ref
            if ref.published_ms <= at_ms + SKEW_MS:
                break
        if found is None:
            return self._notice_of(form, "", language)
        return found

    def _versions(self, form: Form) -> list[Form]:
        """The form and its earlier versions, newest first."""
        earlier = (self._forms.get(form.id, number) for number in range(form.version - 1, 0, -1))
        return [form, *(version for version in earlier if version is not None)]

    def _every_form(self) -> list[Form]:
        found: list[Form] = []
        cursor: str | None = None
        while True:
            page = self._forms.page(cursor, FORMS_A_PAGE)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def _brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise InputError(code="bad_brand", detail="There is no such brand.")
        return brand

    def _own_list(self, brand: Brand, list_id: str | None) -> tuple[ListId, ...]:
        if list_id is None:
            return ()
        found = self._lists.get(list_id)
        if found is None or found.brand != brand.id:
            raise InputError(code="bad_list", detail="The brand has no such list.")
        return (found.id,)


def _language(person: Person, brand: Brand) -> str:
    return person.language if person.language in LANGUAGES else brand.default_language


def _subject(address: Address) -> dict[str, JsonValue]:
    return {"email": address.deliverable, "email_as_typed": address.typed}


def _require_network(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise InputError(
            code="bad_visitor",
            detail="The visitor's ip is the network address the act came from, IPv4 or IPv6.",
        ) from None


def _require_boxes(form: Form, boxes: Mapping[str, bool]) -> None:
    unknown = sorted(set(boxes) - {box.name for box in form.boxes})
    if unknown:
        raise InputError(
            code="bad_boxes", detail=f"The form has no box called {', '.join(unknown)[:200]}."
        )


def _require_fields(form: Form, fields: Mapping[str, str]) -> None:
    """Refuse what is no further field of the form: a box is ticked in ``boxes`` alone."""
    known = {item.name for item in form.fields if item.type is not FieldType.EMAIL}
    unknown = sorted(set(fields) - known)
    if unknown:
        raise InputError(
            code="bad_fields",
            detail=f"Beside the address, the form has no field called {', '.join(unknown)[:200]}.",
        )


def _agreed(form: Form, boxes: Mapping[str, bool]) -> tuple[PurposeId, ...]:
    """The purposes whose boxes were ticked.

    Raises:
        InputError: a box is not the form's, or a mandatory one was not ticked.
    """
    _require_boxes(form, boxes)
    left = sorted(box.name for box in form.boxes if box.mandatory and not boxes.get(box.name))
    if left:
        raise InputError(
            code="bad_boxes",
            detail=f"The person did not tick {', '.join(left)}: there is no consent to record.",
        )
    return tuple(sorted({box.purpose for box in form.boxes if boxes.get(box.name)}))


def _stated_choice(
    form: Form, ref: NoticeRef, shown: Shown, at_ms: int, person: Person
) -> dict[str, JsonValue]:
    """What the other system states of the act; every box of the form stands in it."""
    choice: dict[str, JsonValue] = {
        "boxes": {box.name: bool(shown.boxes.get(box.name)) for box in form.boxes},
        "claimed_ts": at_ms,
        "form": form.id,
        "grade": "C",
        "key": person.entered_by,
        "shown_as": str(ShownAs.API),
        "version": form.version,
    }
    tag = tag_of(shown.tag)
    return (
        choice
        | ({"descriptor": ref.form_sha256} if ref.form_sha256 else {})
        | ({"tag": tag} if tag else {})
    )


def _sale_choice(sale: Sale, person: Person) -> dict[str, JsonValue]:
    return {
        "key": person.entered_by,
        "objection_how": sale.objection_how,
        "objection_ts": sale.objection_at_ms,
        "product": sale.product,
        "sale": sale.reference,
        "sale_ts": sale.at_ms,
    }

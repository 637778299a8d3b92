# SPDX-License-Identifier: Apache-2.0
"""What the operator sets up: brands, lists, and forms with their published notices.

Guarantees that the exact bytes of a notice or privacy page are stored, and committed to the
ledger, before anybody is shown them; and that a published version never changes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.domain.catalog import LANGUAGES, Brand, MailingList
from chalicelib.domain.events import EMAIL
from chalicelib.domain.form_descriptor import descriptor
from chalicelib.domain.form_languages import whole_languages
from chalicelib.domain.form_lint import Finding, errors, lint
from chalicelib.domain.forms import Form, NoticeRef
from chalicelib.domain.ids import ListId
from chalicelib.domain.senders import require_answerable
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Forms, Lists, Page
from chalicelib.ports.outside import Blobs
from chalicelib.ports.sending import Renderer
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

BRAND_CODE_BYTES = 4
HTML = "text/html; charset=utf-8"
JSON = "application/json"


class RefusedForm(InputError):  # noqa: N818  # named like its siblings in errors.py
    """The lint found dark patterns; ``problems`` names each by place, language and code."""

    def __init__(self, found: tuple[Finding, ...]) -> None:
        """Keep the problems for the answer, and say the first in words."""
        first = found[0]
        super().__init__("dark_pattern", f"{first.place}, {first.language}: {first.detail}")
        self.problems = {f"{each.place}.{each.language}.{each.code}": each.code for each in found}


class Setup:
    """Brands, lists and forms."""

    def __init__(
        self,
        *,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        ledger: Ledger,
        blobs: Blobs,
        renderer: Renderer,
        clock: Clock,
        random: RandomBytes,
        base_url: str,
    ) -> None:
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._ledger = ledger
        self._blobs = blobs
        self._renderer = renderer
        self._clock = clock
        self._random = random
        self._base_url = base_url

    def new_brand_code(self) -> str:
        """Return a fresh code for a brand's link tokens, 8 hex digits."""
        return self._random(BRAND_CODE_BYTES).hex()

    def add_brand(self, brand: Brand) -> Brand:
        """Publish the brand's privacy page in every language, then store the brand.

        Raises:
            Conflict: the id is taken.
            InputError: there is no such time zone, or the sender tells people not to answer.
        """
        _require_zone(brand.time_zone)
        require_answerable(brand.from_address)
        if self._brands.get(brand.id) is not None:
            raise Conflict(
                "There is a brand with this id already. Nothing was changed: take another id."
            )
        pages = {language: self._publish_privacy(brand, language) for language in LANGUAGES}
        published = replace(brand, privacy=pages)
        self._brands.create(published)
        return published

    def change_brand(self, brand_id: str, changes: Mapping[str, object]) -> Brand:
        """Change members of a brand; publish anew its privacy page and forms that say otherwise.

        Notices published before stay as they are: they are what people were shown. A form that
        names the brand in other words than now gets a new version. Doing it twice is harmless.

        Args:
            changes: members of `Brand` by name, valid ones; not its id, code or sender.

        Raises:
            NotFound: there is no such brand.
            Conflict: somebody else changed it first; a page published for this change is unused.
            InputError: a value cannot be used, or there is no such time zone.
        """
        known = self._brands.latest(brand_id)
        if known is None:
            raise NotFound("There is no such brand.")
        changed = replace(known, **changes)  # type: ignore[arg-type]  # construction checks them
        _require_zone(changed.time_zone)
        if changed == known:
            self._renew_forms(known)
            return known
        pages = {
            language: self._current_privacy(changed, language, known.privacy.get(language))
            for language in LANGUAGES
        }
        stored = self._brands.replace(replace(changed, privacy=pages))
        self._renew_forms(stored)
        return stored

    def _renew_forms(self, brand: Brand) -> None:
        """Publish anew every form of the brand whose notices name it in other words than now."""
        cursor: str | None = None
        while True:
            page = self._forms.page(cursor, 100)
            for form in page.items:
                if form.brand == brand.id and form.notices and _is_outdated(form, brand):
                    following = replace(form, version=form.version + 1, notices=())
                    self._forms.publish(self._with_notices(brand, following))
            cursor = page.cursor
            if cursor is None:
                return

    def _current_privacy(self, brand: Brand, language: str, published: str | None) -> str:
        html = self._rendered_privacy(brand, language)
        if published is not None and hashlib.sha256(html).hexdigest() == published:
            return published
        return self._publish_privacy(brand, language)

    def _publish_privacy(self, brand: Brand, language: str) -> str:
        """Store and commit to the privacy page of a brand; return its hash."""
        html = self._rendered_privacy(brand, language)
        sha256 = hashlib.sha256(html).hexdigest()
        draft = Draft(
            type=EventType.POLICY_CHANGED, brand=brand.id, channel=None, content_sha256=sha256
        )
        self._blobs.put_new(f"privacy/{sha256}.html", html, HTML)
        leaf = self._ledger.publish(draft, wake=language == LANGUAGES[-1])
        self._blobs.put_new(f"privacy/{sha256}.published", publication(leaf), JSON)
        return sha256

    def privacy_page(self, brand: Brand, language: str) -> bytes:
        """Return a brand's privacy page: the very bytes that the ledger commits to.

        A brand made by an earlier build has none stored; its page is rendered anew.
        """
        sha256 = brand.privacy.get(language)
        stored = self._blobs.get(f"privacy/{sha256}.html") if sha256 else None
        return stored.data if stored else self._rendered_privacy(brand, language)

    def _rendered_privacy(self, brand: Brand, language: str) -> bytes:
        data: Mapping[str, object] = {"brand": brand, "language": language}
        return self._renderer.page("pages/privacy.html", data).encode("utf-8")

    def brand(self, brand_id: str) -> Brand:
        """Return a brand or raise `NotFound`."""
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("There is no such brand.")
        return brand

    def brands(self, cursor: str | None, limit: int) -> Page[Brand]:
        """Return one page of brands."""
        return self._brands.page(cursor, limit)

    def add_list(self, list_id: str, brand_id: str, name: str) -> MailingList:
        """Store a list.

        Raises:
            InputError: no such brand, or a bad id or name.
            Conflict: the id is taken.
        """
        brand = self._known_brand(brand_id)
        mailing_list = MailingList(
            id=ListId(list_id),
            brand=brand.id,
            name=name,
            created_ms=self._clock.now_ms(),
        )
        self._lists.create(mailing_list)
        return mailing_list

    def list(self, list_id: str) -> MailingList:
        """Return a list or raise `NotFound`."""
        found = self._lists.get(list_id)
        if found is None:
            raise NotFound("There is no such list.")
        return found

    def lists(self, cursor: str | None, limit: int) -> Page[MailingList]:
        """Return one page of lists."""
        return self._lists.page(cursor, limit)

    def form(self, form_id: str) -> Form:
        """Return a form or raise `NotFound`."""
        form = self._forms.get(form_id)
        if form is None:
            raise NotFound("There is no such form.")
        return form

    def forms(self, cursor: str | None, limit: int) -> Page[Form]:
        """Return one page of forms."""
        return self._forms.page(cursor, limit)

    def form_version(self, form_id: str, version: int) -> Form:
        """Return one version of a form, as it was published, or raise `NotFound`."""
        form = self._forms.get(form_id, version)
        if form is None:
            raise NotFound("There is no such version of this form.")
        return form

    def check_form(self, form: Form) -> tuple[Finding, ...]:
        """Return what the lint finds in a form to be published; nothing is stored.

        Raises:
            InputError: an unknown brand or list, or a text missing in some language.
        """
        return lint(form, self._publishable(form))

    def findings(self, form: Form) -> tuple[Finding, ...]:
        """Return what the lint finds in a published form."""
        return lint(form, self.brand(form.brand))

    def add_form(self, form: Form) -> Form:
        """Publish a new form: render its notices, store and commit to them, then show it.

        Raises:
            InputError: an unknown brand or list, a text missing in some language, or a dark
                pattern (`RefusedForm`).
            Conflict: the id is taken.
        """
        brand = self._without_errors(form)
        if self._forms.get(form.id) is not None:
            raise Conflict(
                "There is a form with this id already. Nothing was changed: take another id."
            )
        published = self._with_notices(brand, form)
        self._forms.create(published)
        return published

    def replace_form(self, form: Form) -> Form:
        """Publish ``form``, which names the current version, as the version after it.

        Who opened the form before has agreed to its former notice, which stays published.

        Raises:
            NotFound: there is no such form.
            InputError: as `add_form`, or the form is of another brand.
            Conflict: its version is not the current one.
        """
        current = self._forms.latest(form.id)
        if current is None:
            raise NotFound("There is no such form.")
        if current.brand != form.brand:
            raise InputError(code="brand_fixed", detail="A form stays with its brand.")
        brand = self._without_errors(form)
        if current.version != form.version:
            raise Conflict(
                f"The current version of this form is {current.version}. Nothing was changed: "
                "look at it again."
            )
        published = self._with_notices(brand, replace(form, version=form.version + 1))
        self._forms.publish(published)
        return published

    def _publishable(self, form: Form) -> Brand:
        form.require_publishable()
        brand = self._known_brand(form.brand)
        for list_id in form.lists:
            found = self._lists.get(list_id)
            if found is None or found.brand != brand.id:
                raise InputError(code="unknown_list", detail="A list of this form does not exist.")
        whole_languages(form)
        return brand

    def _without_errors(self, form: Form) -> Brand:
        brand = self._publishable(form)
        found = errors(lint(form, brand))
        if found:
            raise RefusedForm(found)
        return brand

    def _with_notices(self, brand: Brand, form: Form) -> Form:
        refs = tuple(self._publish(brand, form, language) for language in whole_languages(form))
        return replace(form, notices=refs)

    def _publish(self, brand: Brand, form: Form, language: str) -> NoticeRef:
        names = [self._lists.get(list_id) for list_id in form.lists]
        shown = _shown(form, brand, language)
        form_sha256 = hashlib.sha256(shown).hexdigest()
        data: Mapping[str, object] = {
            "form_sha256": form_sha256,
            "base_url": self._base_url,
            "language": language,
            "brand": brand,
            "form": form,
            "lists": [item for item in names if item is not None],
        }
        html = self._renderer.page("notices/consent.html", data).encode("utf-8")
        text = self._renderer.page("notices/consent.txt", data).encode("utf-8")
        sha256 = hashlib.sha256(html).hexdigest()
        text_sha256 = hashlib.sha256(text).hexdigest()
        # Before the entry: whoever reads the notice can follow the hash that it names.
        self._blobs.put_new(f"forms/{form_sha256}.json", shown, JSON)
        self._blobs.put_new(f"notice/{sha256}.html", html, HTML)
        leaf = self._ledger.publish(
            Draft(
                type=EventType.NOTICE_PUBLISHED,
                brand=brand.id,
                channel=EMAIL,
                lists=form.lists,
                purposes=tuple(sorted({box.purpose for box in form.boxes})),
                notice=sha256,
                content_sha256=text_sha256,
            )
        )
        # A proof finds the publication by the notice alone, long after the form has changed.
        kept = publication(leaf, text.decode("utf-8"))
        self._blobs.put_new(f"notice/{sha256}.published", kept, JSON)
        return NoticeRef(
            language=language,
            sha256=sha256,
            text_sha256=text_sha256,
            published_ms=self._clock.now_ms(),
            form_sha256=form_sha256,
        )

    def _known_brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise InputError(code="unknown_brand", detail="There is no brand with this id.")
        return brand


def _require_zone(name: str) -> None:
    if not name:
        return  # Its language's country stands for it.
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            code="unknown_time_zone",
            detail="There is no such time zone. Use a name such as Europe/Stockholm.",
        ) from None


def publication(leaf: bytes, text: str | None = None) -> bytes:
    """Return what is kept of a publication beside its page: the entry, and a notice's plain text.

    One object, so that a proof finds both in one read.
    """
    plain: dict[str, JsonValue] = {} if text is None else {"text": text}
    return canonical.encode({"leaf": leaf.decode("ascii"), **plain})


def _shown(form: Form, brand: Brand, language: str) -> bytes:
    """The bytes of what a form shows, as they are stored before it is published."""
    return canonical.encode(descriptor(replace(form, notices=()), brand, language))


def _is_outdated(form: Form, brand: Brand) -> bool:
    return any(
        ref.form_sha256 != hashlib.sha256(_shown(form, brand, ref.language)).hexdigest()
        for ref in form.notices
    )

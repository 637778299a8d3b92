# SPDX-License-Identifier: Apache-2.0
"""What the operator sets up: brands, lists, and forms with their published notices.

Guarantees that a notice's exact bytes are stored, and committed to the ledger, before a form
shows them; and that a published version never changes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.catalog import LANGUAGES, Brand, Form, MailingList, NoticeRef
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import ListId
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Forms, Lists, Page
from chalicelib.ports.outside import Blobs
from chalicelib.ports.sending import Renderer
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

BRAND_CODE_BYTES = 4
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


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
        """Store a brand.

        Raises:
            Conflict: the id is taken.
        """
        self._brands.create(brand)
        return brand

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

    def add_form(self, form: Form) -> Form:
        """Publish a new form: render its notices, store and commit to them, then show it.

        Raises:
            InputError: an unknown brand or list, or a text missing in some language.
            Conflict: the id is taken.
        """
        brand = self._known_brand(form.brand)
        for list_id in form.lists:
            found = self._lists.get(list_id)
            if found is None or found.brand != brand.id:
                raise InputError(code="unknown_list", detail="A list of this form does not exist.")
        if self._forms.get(form.id) is not None:
            raise Conflict(
                "There is a form with this id already. Nothing was changed: take another id."
            )
        published = replace(
            form, notices=tuple(self._publish(brand, form, lang) for lang in _languages(form))
        )
        self._forms.create(published)
        return published

    def _publish(self, brand: Brand, form: Form, language: str) -> NoticeRef:
        names = [self._lists.get(list_id) for list_id in form.lists]
        data: Mapping[str, object] = {
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
        self._blobs.put_new(f"notice/{sha256}.html", html, HTML)
        self._blobs.put_new(f"notice/{sha256}.txt", text, TEXT)
        event = self._ledger.record(
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
        self._blobs.put_new(f"notice/{sha256}.event", event.encode("ascii"), TEXT)
        return NoticeRef(
            language=language,
            sha256=sha256,
            text_sha256=text_sha256,
            published_ms=self._clock.now_ms(),
        )

    def _known_brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise InputError(code="unknown_brand", detail="There is no brand with this id.")
        return brand


def _languages(form: Form) -> tuple[str, ...]:
    """The languages a form is whole in: every title, label and sentence.

    Raises:
        InputError: there is none.
    """
    texts = [
        form.title,
        form.promise,
        *(f.label for f in form.fields),
        *(b.text for b in form.boxes),
    ]
    whole = tuple(lang for lang in LANGUAGES if all(text.get(lang) for text in texts))
    if not whole:
        raise InputError(code="bad_form", detail="A form needs all its texts in one language.")
    return whole

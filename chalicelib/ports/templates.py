# SPDX-License-Identifier: Apache-2.0
"""Templates as stored, and what turns one of a service into a mail.

Errors of the store: `Throttled`, `Unavailable`; a write that got no answer may have happened.
"""

from collections.abc import Mapping
from typing import Protocol

from chalicelib.domain.catalog import Brand
from chalicelib.domain.content import Finding
from chalicelib.domain.templates import Template, Words
from chalicelib.ports.catalog import Page
from chalicelib.ports.sending import Rendered


class TemplateStore(Protocol):
    """Templates; ``version`` guards every change. Every read is strong."""

    def get(self, template_id: str) -> Template | None:
        """Return the template, or None."""
        ...

    def create(self, template: Template) -> None:
        """Store a new template; `Conflict` when its id exists."""
        ...

    def replace(self, template: Template) -> None:
        """Store ``template`` over the version before its own.

        Raises:
            Conflict: there is no such template, or it has another version by now.
        """
        ...

    def delete(self, template: Template) -> None:
        """Delete the template.

        Raises:
            Conflict: there is none of this version any more.
        """
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Template]:
        """Return up to ``limit`` (1 to 100) templates by id; fewer when they are long.

        Raises:
            InputError: the cursor was not made by this method.
        """
        ...


class ServiceMails(Protocol):
    """Fills the mails of a service. Pure: nothing is fetched, stored or sent."""

    def check(self, words: Words, brand: Brand, language: str) -> tuple[Finding, ...]:
        """Return what the author should know; with an error among it, no mail must be made.

        Raises:
            InputError: a source breaks a rule of the sandbox; the detail names part and line.
        """
        ...

    def render(
        self, words: Words, brand: Brand, language: str, data: Mapping[str, object]
    ) -> Rendered:
        """Return the mail, with the controller and the reason in its footer and no way out.

        Args:
            data: what the sources may read: str, int, bool, and lists and dicts of them.

        Raises:
            InputError: it cannot be filled with this data; the detail names part and line.
        """
        ...

# SPDX-License-Identifier: Apache-2.0
"""The names of the fields that a brand's forms ask for: what a mail to its people may read.

Guarantees one read of a brand's forms in `KNOWN_FOR_MS` and process.
"""

from typing import Final

from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import BrandId
from chalicelib.ports.catalog import Forms
from chalicelib.ports.system import Clock

KNOWN_FOR_MS: Final = 60_000
"""How long the names are remembered, milliseconds."""


class DeclaredFields:
    """Reads the names, and remembers them for a while."""

    def __init__(self, forms: Forms, clock: Clock) -> None:
        self._forms = forms
        self._clock = clock
        self._known: dict[BrandId, tuple[int, frozenset[str]]] = {}

    def of(self, brand: BrandId) -> frozenset[str]:
        """Return the names of the fields the brand's forms ask for, but for the address itself.

        Raises:
            DependencyError: the forms cannot be read.
        """
        now_ms = self._clock.now_ms()
        known = self._known.get(brand)
        if known is None or now_ms - known[0] > KNOWN_FOR_MS:
            names = frozenset(
                field.name
                for form in self._forms.of_brand(brand)
                for field in form.fields
                if field.type is not FieldType.EMAIL
            )
            known = self._known[brand] = (now_ms, names)
        return known[1]

    def of_content(self, content: FrozenContent, brand: BrandId) -> frozenset[str]:
        """Return the names as they were when ``content`` was frozen; as they are, if it has none.

        Raises:
            DependencyError: the forms cannot be read.
        """
        return self.of(brand) if content.fields is None else frozenset(content.fields)

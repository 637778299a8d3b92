# SPDX-License-Identifier: Apache-2.0
"""What turns a campaign as its author wrote it into a mail that is ready to be filled.

Guarantees every implementation gives: the same content, brand, language and fields compile to the
same; nothing is fetched, stored or sent; and time and memory are bounded whatever the source is.
"""

from collections.abc import Collection
from typing import Protocol

from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import Brand
from chalicelib.domain.content import CompiledContent


class ContentCompiler(Protocol):
    """Compiles content: once a version, never while a campaign is being sent."""

    def compile(
        self, content: Content, brand: Brand, language: str, *, fields: Collection[str]
    ) -> CompiledContent:
        """Return the mail, with what its author should know about it.

        Args:
            language: one of `domain.catalog.LANGUAGES`; that of the mail where it names none.
            fields: names of what the brand's forms ask for; whoever left one out has "".

        Raises:
            InputError: it cannot be compiled, or not be filled with sample data. The code is
                ``bad_template``, ``bad_subject``, or ``foreign_merge_tag`` where a tag of another
                tool is in the way; the detail names part and line.
        """
        ...

# SPDX-License-Identifier: Apache-2.0
"""What an operator pastes into a page of theirs to put a form there, for the API and the console.

Guarantees that both give the same characters, whichever was asked.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A form in one language, to be pasted.

    Attributes:
        html: works without JavaScript on any site.
        script: one tag; the site is one of the form's `origins`.
    """

    language: str
    html: str
    script: str


def snippet_of(container: "Container", form: "Form", brand: "Brand", language: str) -> Snippet:
    """Return what puts a form on a page.

    Args:
        language: one that the form is published in.
    """
    base_url = container.settings.base_url
    data = {
        "base_url": base_url,
        "brand": brand,
        "form": form,
        "language": language,
        "notice": form.notice(language),
    }
    html = container.renderer.page("pages/snippet.html", data)
    return Snippet(
        language=language,
        html="".join(f"{line}\n" for line in html.splitlines() if line.strip()),
        script=(
            f'<script async src="{base_url}/forms/{form.id}/embed.js"'
            f' data-language="{language}"></script>'
        ),
    )

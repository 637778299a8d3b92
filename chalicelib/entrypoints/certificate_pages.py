# SPDX-License-Identifier: Apache-2.0
"""The certificate of an erasure, for the person who was erased: public, by its random id.

Guarantees that nothing personal is shown, that an erasure nobody approved does not show here, and
that a page asked for before the work is done says so and looks again by itself.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.erasure import Stage
from chalicelib.entrypoints._runtime import page
from chalicelib.entrypoints.api.erasures import certificate_page
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.languages import choose_language
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


def _certificate(container: "Container", request: Request) -> Answer:
    """Show the certificate, or that it is coming.

    Raises:
        NotFound: there is no such erasure, or nobody approved it.
    """
    erasure = container.erasures.get(path_word(request, "erasure"))
    if erasure.stage not in (Stage.APPROVED, Stage.ERASED):
        raise NotFound("There is no such certificate.")
    language = choose_language(
        [request.query], request.headers.get("accept-language", ""), erasure.language
    )
    try:
        return certificate_page(container, container.erasures.certificate(erasure.id), language)
    except (Conflict, NotFound):  # Not done, or its entry is not in a checkpoint yet.
        data = {"language": language, "erasure": erasure}
        return html(container.renderer.page("pages/erasure_under_way.html", data))


show_certificate = page(_certificate)

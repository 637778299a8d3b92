# SPDX-License-Identifier: Apache-2.0
"""A marketer's mail rendered whole from its source, with the footer of campaigns: what no splitting
may change.
"""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.ports.sending import Rendered

RENDERER: Final = TemplateRenderer()
TEMPLATES: Final = CampaignTemplates()


def whole_mail(
    subject: str,
    html: str,
    text: str | None,
    data: Mapping[str, Any],
    templates: CampaignTemplates = TEMPLATES,
) -> Rendered:
    """Return the mail for one person.

    Args:
        data: what the footer shows, and ``attributes``, which the source may name.

    """
    return templates.render(
        subject,
        html,
        text,
        values={
            **data.get("attributes", {}),
            "brand": data["brand"].name,
            "list": data["list"],
            "unsubscribe_url": data["unsubscribe_url"],
            "preferences_url": data["preferences_url"],
        },
        footer_html=RENDERER.page("emails/campaign_footer.html", data),
        footer_text=RENDERER.page("emails/campaign_footer.txt", data),
    )

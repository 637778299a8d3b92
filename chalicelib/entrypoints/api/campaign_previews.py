# SPDX-License-Identifier: Apache-2.0
"""A campaign as one subscriber would get it, over the API.

Guarantees that nothing is shown before the ledger says so, and that no answer is remembered: asking
again is another look, and another entry.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import Call, operation

if TYPE_CHECKING:
    from chalicelib.domain.previews import Flaw


@operation(
    "POST",
    "/campaigns/{campaign}/preview",
    KeyScope.MARKETING,
    takes="AskedPreview",
    gives="CampaignPreview",
    looks=True,
)
def preview_campaign(call: Call) -> Mapping[str, Any]:
    """Show a campaign as one person would get it now; it is written down that somebody looked."""
    body, previews = call.body, call.container.previews
    sid = body["subscriber"] if "subscriber" in body else previews.by_address(body["email"])
    found = previews.show(call.word("campaign"), sid, call.key_id)
    mail = found.mail
    return {
        "subject": None if mail is None else mail.subject,
        "html": None if mail is None else mail.html,
        "text": None if mail is None else mail.text,
        "language": found.language,
        "measured": found.measured,
        "would_be_mailed": found.why_not is None,
        "why_not": found.why_not,
        "findings": [_finding(flaw) for flaw in found.findings],
    }


OPERATIONS = (preview_campaign,)


def _finding(flaw: "Flaw") -> Mapping[str, Any]:
    return {
        "code": flaw.code,
        "severity": flaw.severity,
        "part": flaw.part,
        "line": flaw.line,
        "sentence": flaw.sentence,
        "times": flaw.times,
    }

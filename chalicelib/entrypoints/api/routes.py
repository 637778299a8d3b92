# SPDX-License-Identifier: Apache-2.0
"""Every operation of the API, for its description; `addresses` has their paths."""

from typing import Any

from chalicelib.entrypoints.api import (
    api_keys,
    brands,
    campaign_dry_runs,
    campaign_links,
    campaign_previews,
    campaign_retries,
    campaigns,
    deliverability,
    erasures,
    events,
    events_of_nobody,
    exports,
    finding,
    forms,
    import_rules,
    imports,
    lists,
    messages,
    proofs,
    recipients,
    rights_requests,
    segment_answers,
    segments,
    subscribers,
    suppression_files,
    suppression_sync,
    suppressions,
    templates,
)
from chalicelib.entrypoints.api.frame import Call, operation
from chalicelib.entrypoints.api.openapi import document


@operation("GET", "/openapi.json")
def get_openapi(call: Call) -> dict[str, Any]:
    """Get this description; no key is needed."""
    return document(OPERATIONS, call.container.settings.base_url)


OPERATIONS = (
    get_openapi,
    *subscribers.OPERATIONS,
    *finding.OPERATIONS,
    *lists.OPERATIONS,
    *forms.OPERATIONS,
    *segments.OPERATIONS,
    *segment_answers.OPERATIONS,
    *brands.OPERATIONS,
    *campaigns.OPERATIONS,
    *campaign_dry_runs.OPERATIONS,
    *campaign_links.OPERATIONS,
    *campaign_previews.OPERATIONS,
    *recipients.OPERATIONS,
    *exports.OPERATIONS,
    *imports.OPERATIONS,
    *import_rules.OPERATIONS,
    *campaign_retries.OPERATIONS,
    *deliverability.OPERATIONS,
    *templates.OPERATIONS,
    *messages.OPERATIONS,
    *events.OPERATIONS,
    *suppressions.OPERATIONS,
    *suppression_sync.OPERATIONS,
    *suppression_files.OPERATIONS,
    *events_of_nobody.OPERATIONS,
    *proofs.OPERATIONS,
    *erasures.OPERATIONS,
    *rights_requests.OPERATIONS,
    *api_keys.OPERATIONS,
)

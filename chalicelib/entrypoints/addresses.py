# SPDX-License-Identifier: Apache-2.0
"""Every address of the app in one table: what answers is imported when it is first asked for.

Guarantees that a start loads no page and no operation: a visitor's click waits for its own alone.
"""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib.entrypoints.routing import route

if TYPE_CHECKING:
    from chalicelib.entrypoints._runtime import Served

PACKAGE = "chalicelib.entrypoints"
API_BASE = "/api/v1"

CUT_OFF = (
    *("address", "c", "certificates", "confirm", "forms", "preferences", "privacy", "receipt"),
    *("rights", "unsubscribe"),
)
"""Where a link ends that a mail program broke before its last part."""

PAGES: Mapping[str, Mapping[str, str]] = {
    **{f"/{name}": {"GET": "public_pages:show_cut_off"} for name in CUT_OFF},
    "/": {"GET": "public_pages:show_start"},
    "/favicon.ico": {"GET": "public_pages:show_no_icon"},
    "/forms/{form_id}": {
        "GET": "form_pages:show_form",
        "POST": "form_pages:submit_form",
        "OPTIONS": "cross_origin:preflight",
    },
    "/forms/{form_id}/embed.js": {"GET": "embed_pages:show_script"},
    "/forms/{form_id}/embed.json": {
        "GET": "embed_pages:show_embed",
        "OPTIONS": "cross_origin:preflight",
    },
    "/forms/{form_id}/challenge": {
        "GET": "challenge_pages:show_challenge",
        "OPTIONS": "cross_origin:preflight",
    },
    "/forms/{form_id}/descriptor": {
        "GET": "embed_pages:show_descriptor",
        "OPTIONS": "cross_origin:preflight",
    },
    "/confirm/{token}": {
        "GET": "confirmation_pages:show_confirmation",
        "POST": "confirmation_pages:answer_confirmation",
    },
    "/unsubscribe/{token}": {
        "GET": "unsubscribe_pages:show_unsubscribe",
        "POST": "unsubscribe_pages:unsubscribe",
    },
    "/unsubscribe/{token}/reason": {
        "GET": "unsubscribe_pages:show_unsubscribe",
        "POST": "unsubscribe_pages:tell_reason",
    },
    "/c/{token}": {"GET": "measure_pages:follow_link"},
    "/o/{token}": {"GET": "measure_pages:show_pixel"},
    "/address/{token}": {
        "GET": "address_pages:show_address",
        "POST": "address_pages:confirm_address",
    },
    "/preferences/{token}": {
        "GET": "preference_pages:show_preferences",
        "POST": "preference_pages:act_on_preferences",
    },
    "/rights/{brand}": {"GET": "rights_pages:show_rights", "POST": "rights_pages:ask_for_link"},
    "/receipt/{token}": {"GET": "receipt_pages:show_receipt"},
    "/certificates/{erasure}": {"GET": "certificate_pages:show_certificate"},
    "/privacy/{brand}": {"GET": "public_pages:show_privacy"},
    "/ledger/checkpoint": {"GET": "public_pages:show_checkpoint"},
    "/ledger/policy": {"GET": "public_pages:show_policy"},
    "/console": {"GET": "console_pages:enter"},
    "/console/login": {"GET": "console_pages:show_login", "POST": "console_pages:log_in"},
    "/console/logout": {"POST": "console_pages:log_out"},
    "/console/overview": {"GET": "console_pages:show_overview"},
    "/console/campaigns": {"GET": "campaigns_console_pages:show_campaigns"},
    "/console/campaigns/{campaign}": {
        "GET": "campaigns_console_pages:show_campaign",
        "POST": "campaigns_console_acts:act_on_campaign",
    },
    "/console/campaigns/{campaign}/cancel": {"GET": "campaigns_console_pages:show_cancelling"},
    "/console/campaigns/{campaign}/dry-run": {
        "GET": "dry_runs_console_pages:show_dry_run",
        "POST": "dry_runs_console_pages:start_dry_run",
    },
    "/console/campaigns/{campaign}/exports": {"POST": "recipients_console_pages:ask_export"},
    "/console/campaigns/{campaign}/mail": {"GET": "campaigns_console_pages:show_mail"},
    "/console/campaigns/{campaign}/preview": {
        "GET": "campaign_preview_console:show_asking",
        "POST": "campaign_preview_console:show_preview",
    },
    "/console/campaigns/{campaign}/progress": {"GET": "campaigns_console_pages:show_progress"},
    "/console/campaigns/{campaign}/recipients": {"GET": "recipients_console_pages:show_recipients"},
    "/console/campaigns/{campaign}/retry": {"POST": "campaigns_console_acts:retry_campaign"},
    "/console/deliverability": {
        "GET": "deliverability_console_pages:show_deliverability",
        "POST": "deliverability_console_acts:release_domain",
    },
    "/console/exports/{export}": {"GET": "recipients_console_pages:show_export"},
    "/console/exports/{export}/csv": {"GET": "recipients_console_pages:download"},
    "/console/exports/{export}/zip": {"GET": "recipients_console_pages:download_zip"},
    "/console/lists/{list}/export": {
        "GET": "audience_export_pages:show_asking",
        "POST": "audience_export_pages:ask_audience",
    },
    "/console/forms": {"GET": "forms_console_pages:show_forms"},
    "/console/forms/{form}": {"GET": "forms_console_pages:show_form"},
    "/console/segments": {
        "GET": "segments_console_pages:show_segments",
        "POST": "segments_console_acts:create_segment",
    },
    "/console/segments/new": {"GET": "segments_console_pages:show_new"},
    "/console/segments/{segment}": {"GET": "segments_console_pages:show_segment"},
    "/console/segments/{segment}/edit": {
        "GET": "segments_console_pages:show_editing",
        "POST": "segments_console_acts:save_segment",
    },
    "/console/segments/{segment}/counts": {"POST": "segments_console_acts:count_segment"},
    "/console/segments/{segment}/explain": {"POST": "segments_console_acts:explain_person"},
    "/console/segments/{segment}/delete": {
        "GET": "segments_console_pages:show_deleting",
        "POST": "segments_console_acts:delete_segment",
    },
    "/console/brands/{brand}/lifecycle": {
        "GET": "lifecycle_console_pages:show_rules",
        "POST": "lifecycle_console_pages:save_rules",
    },
    "/console/brands/{brand}/import-rules": {
        "GET": "imports_console_pages:show_rules",
        "POST": "imports_console_acts:save_rules",
    },
    "/console/imports": {
        "GET": "imports_console_pages:show_imports",
        "POST": "imports_console_acts:create_import",
    },
    "/console/imports/new": {"GET": "imports_console_pages:show_new"},
    "/console/imports/{import}": {"GET": "imports_console_pages:show_import"},
    "/console/imports/{import}/cancel": {"POST": "imports_console_acts:cancel_import"},
    "/console/imports/{import}/documents": {"POST": "imports_console_acts:keep_document"},
    "/console/imports/{import}/mapping": {"POST": "imports_console_acts:map_import"},
    "/console/imports/{import}/moved": {"POST": "imports_console_acts:end_cut_over"},
    "/console/imports/{import}/parts/{number}": {"PUT": "imports_console_acts:put_part"},
    "/console/imports/{import}/rejected": {"GET": "imports_console_pages:download_rejected"},
    "/console/imports/{import}/run": {"POST": "imports_console_acts:run_import"},
    "/console/imports/{import}/uploaded": {"POST": "imports_console_acts:finish_upload"},
    "/console/notices/{notice}": {"GET": "forms_console_pages:show_notice"},
    "/console/suppressions": {
        "GET": "suppressions_console_pages:show_home",
        "POST": "suppressions_console_pages:act",
    },
    "/console/suppressions/compare": {"POST": "suppressions_console_pages:compare"},
    "/console/suppressions/exports": {"POST": "suppressions_console_pages:give_out"},
    "/console/suppressions/exports/{export}": {"GET": "suppressions_console_pages:show_export"},
    "/console/suppressions/exports/{export}/csv": {"GET": "suppressions_console_pages:download"},
    "/console/suppressions/imports": {"POST": "suppressions_console_pages:take_in"},
    "/console/suppressions/imports/{import}": {"GET": "suppressions_console_pages:show_import"},
    "/console/compliance": {"GET": "compliance_pages:show_home"},
    "/console/compliance/search": {"POST": "compliance_pages:search"},
    "/console/compliance/proofs": {"POST": "compliance_pages:ask_proof"},
    "/console/compliance/proofs/{proof}": {"GET": "compliance_pages:show_proof"},
    "/console/compliance/proofs/{proof}/bundle": {"GET": "compliance_pages:download"},
    "/console/compliance/erasures": {
        "GET": "compliance_pages:show_erasures",
        "POST": "compliance_pages:ask_for_erasure",
    },
    "/console/compliance/erasures/preview": {"POST": "compliance_pages:show_preview"},
    "/console/compliance/erasures/{erasure}": {
        "GET": "compliance_pages:show_one_erasure",
        "POST": "compliance_pages:decide_on_erasure",
    },
    "/console/compliance/erasures/{erasure}/certificate": {
        "GET": "compliance_pages:show_erasure_certificate"
    },
    "/console/compliance/rights": {
        "GET": "compliance_pages:show_requests",
        "POST": "compliance_pages:enter_a_request",
    },
    "/console/compliance/rights/new": {"GET": "compliance_pages:show_entry"},
    "/console/compliance/rights/{request}": {
        "GET": "compliance_pages:show_one_request",
        "POST": "compliance_pages:decide_on_request",
    },
}
"""Path → method → module and name of what answers."""

API: Mapping[str, tuple[str, str]] = {
    "/api-keys": ("api_keys", "GET POST"),
    "/api-keys/{api_key}": ("api_keys", "DELETE GET"),
    "/brands": ("brands", "GET POST"),
    "/brands/{brand}": ("brands", "GET PATCH"),
    "/brands/{brand}/import-rules": ("import_rules", "GET PUT"),
    "/brands/{brand}/lifecycle": ("segments", "GET PUT"),
    "/campaigns": ("campaigns", "GET POST"),
    "/campaigns/{campaign}": ("campaigns", "GET PATCH"),
    "/campaigns/{campaign}/cancel": ("campaigns", "POST"),
    "/campaigns/{campaign}/dry-run": ("campaign_dry_runs", "GET POST"),
    "/campaigns/{campaign}/links": ("campaign_links", "GET"),
    "/campaigns/{campaign}/pause": ("campaigns", "POST"),
    "/campaigns/{campaign}/preview": ("campaign_previews", "POST"),
    "/campaigns/{campaign}/recipients": ("recipients", "GET"),
    "/campaigns/{campaign}/resume": ("campaigns", "POST"),
    "/campaigns/{campaign}/retry": ("campaign_retries", "POST"),
    "/campaigns/{campaign}/schedule": ("campaigns", "POST"),
    "/campaigns/{campaign}/send": ("campaigns", "POST"),
    "/campaigns/{campaign}/test": ("campaigns", "POST"),
    "/campaigns/{campaign}/unschedule": ("campaigns", "POST"),
    "/deliverability": ("deliverability", "GET"),
    "/deliverability/domains": ("deliverability", "GET"),
    "/deliverability/domains/{domain}/resume": ("deliverability", "POST"),
    "/erasures": ("erasures", "GET POST"),
    "/erasures/{erasure}": ("erasures", "GET"),
    "/erasures/{erasure}/approve": ("erasures", "POST"),
    "/erasures/{erasure}/cancel": ("erasures", "POST"),
    "/erasures/{erasure}/certificate": ("erasures", "GET"),
    "/events": ("events", "POST"),
    "/exports": ("exports", "POST"),
    "/exports/{export}": ("exports", "GET"),
    "/exports/{export}/csv": ("exports", "GET"),
    "/exports/{export}/zip": ("exports", "GET"),
    "/forms": ("forms", "GET POST"),
    "/forms/check": ("forms", "POST"),
    "/forms/{form}": ("forms", "GET PUT"),
    "/forms/{form}/snippet": ("forms", "GET"),
    "/forms/{form}/versions/{version}": ("forms", "GET"),
    "/imports": ("imports", "GET POST"),
    "/imports/{import}": ("imports", "GET"),
    "/imports/{import}/cancel": ("imports", "POST"),
    "/imports/{import}/documents": ("imports", "POST"),
    "/imports/{import}/mapping": ("imports", "PUT"),
    "/imports/{import}/moved": ("imports", "POST"),
    "/imports/{import}/parts/{number}": ("imports", "PUT"),
    "/imports/{import}/rejected": ("imports", "GET"),
    "/imports/{import}/run": ("imports", "POST"),
    "/imports/{import}/uploaded": ("imports", "POST"),
    "/lists": ("lists", "GET POST"),
    "/lists/{list}": ("lists", "GET"),
    "/messages": ("messages", "POST"),
    "/messages/{message}": ("messages", "GET"),
    "/openapi.json": ("routes", "GET"),
    "/proofs": ("proofs", "GET POST"),
    "/proofs/{proof}": ("proofs", "GET"),
    "/proofs/{proof}/bundle": ("proofs", "GET"),
    "/rights-requests": ("rights_requests", "GET POST"),
    "/rights-requests/{request}": ("rights_requests", "GET"),
    "/rights-requests/{request}/answer": ("rights_requests", "POST"),
    "/rights-requests/{request}/extend": ("rights_requests", "POST"),
    "/rights-requests/{request}/lift": ("rights_requests", "POST"),
    "/rights-requests/{request}/note": ("rights_requests", "POST"),
    "/rights-requests/{request}/refuse": ("rights_requests", "POST"),
    "/segments": ("segments", "GET POST"),
    "/segments/check": ("segments", "POST"),
    "/segments/facts": ("segments", "GET"),
    "/segments/{segment}": ("segments", "DELETE GET PUT"),
    "/segments/{segment}/count": ("segment_answers", "POST"),
    "/segments/{segment}/counts/{count}": ("segment_answers", "GET"),
    "/segments/{segment}/explain": ("segment_answers", "POST"),
    "/subscribers": ("subscribers", "GET POST"),
    "/subscribers/search": ("finding", "POST"),
    "/subscribers/{subscriber}": ("subscribers", "GET"),
    "/subscribers/{subscriber}/timeline": ("finding", "POST"),
    "/suppressions": ("suppressions", "GET POST"),
    "/suppressions/events-of-nobody": ("events_of_nobody", "GET"),
    "/suppressions/exports": ("suppression_files", "POST"),
    "/suppressions/exports/{export}": ("suppression_files", "GET"),
    "/suppressions/exports/{export}/csv": ("suppression_files", "GET"),
    "/suppressions/imports": ("suppression_files", "POST"),
    "/suppressions/imports/{import}": ("suppression_files", "GET"),
    "/suppressions/sync": ("suppression_sync", "GET POST"),
    "/templates": ("templates", "GET POST"),
    "/templates/{template}": ("templates", "DELETE GET PUT"),
}
"""Path below `API_BASE` → the module that declares its operations, and their methods."""


def _page(module: str, name: str) -> "Served":
    served: Served = getattr(import_module(f"{PACKAGE}.{module}"), name)
    return served


def _operation(module: str, method: str, path: str) -> "Served":
    declared = import_module(f"{PACKAGE}.api.{module}").OPERATIONS
    wanted = next(op for op in declared if (op.method, op.path) == (method, path))
    served: Served = wanted.served()
    return served


addresses = Blueprint(__name__)
for _path, _answers in PAGES.items():
    route(
        addresses,
        _path,
        {method: partial(_page, *where.split(":")) for method, where in _answers.items()},
    )
for _path, (_module, _methods) in API.items():
    route(
        addresses,
        API_BASE + _path,
        {method: partial(_operation, _module, method, _path) for method in _methods.split()},
    )

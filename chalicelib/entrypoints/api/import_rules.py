# SPDX-License-Identifier: Apache-2.0
"""A brand's country table over the API: what a file must show before its people are mailed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.country_rules import SHIPPED, CountryRule, stated_rule
from chalicelib.domain.state import Grade
from chalicelib.entrypoints.api.frame import Call, operation

if TYPE_CHECKING:
    from chalicelib.ports.import_rows import CountryTable


@operation("GET", "/brands/{brand}/import-rules", KeyScope.READ, gives="ImportRules")
def get_import_rules(call: Call) -> Mapping[str, Any]:
    """Get a brand's country table: its own, or the shipped one."""
    return _shape(call.container.import_rules.get(call.word("brand")))


@operation(
    "PUT",
    "/brands/{brand}/import-rules",
    KeyScope.COMPLIANCE,
    takes="ChangedImportRules",
    gives="ImportRules",
    conflicts=True,
)
def replace_import_rules(call: Call) -> Mapping[str, Any]:
    """Change a brand's country table; the ledger commits to it first."""
    rules = [_read(each) for each in call.body["rules"]]
    return _shape(
        call.container.import_rules.change(call.word("brand"), rules, call.body["version"])
    )


OPERATIONS = (get_import_rules, replace_import_rules)


def _read(body: Mapping[str, Any]) -> CountryRule:
    return stated_rule(
        body["country"],
        Grade(body["consent_grade"]),
        soft=body["soft_opt_in"],
        silent=body["silent_days"],
        why=body.get("why", ""),
    )


def _shape(table: "CountryTable") -> Mapping[str, Any]:
    rules = sorted(table.rules.values(), key=lambda rule: rule.country)
    return {"version": table.revision, "rules": [_rule(rule) for rule in rules]}


def _rule(rule: CountryRule) -> Mapping[str, Any]:
    return {
        "country": rule.country,
        "consent_grade": str(rule.consent_grade),
        "soft_opt_in": rule.soft_opt_in,
        "silent_days": rule.silent_days,
        "why": rule.reason("en"),
        "is_shipped": rule == SHIPPED.get(rule.country),
    }

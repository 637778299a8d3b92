# SPDX-License-Identifier: Apache-2.0
"""Reading CloudFormation documents in tests: resources by type, and every value of a tree."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FUNCTION = "AWS::Serverless::Function"
HTTP = "app.app"
QUEUE_HANDLERS = {
    "app.send_confirmations": "ConfirmationsQueue",
    "app.plan_campaigns": "PlansQueue",
    "app.send_chunks": "ChunksQueue",
    "app.record_ses_events": "SesEventsQueue",
    "app.receive_mails": "InboundQueue",
    "app.sequence_ledger": "SequencingQueue",
    "app.build_proofs": "ProofsQueue",
    "app.erase_subjects": "ErasuresQueue",
    "app.anchor_checkpoints": "AnchorsQueue",
    "app.evaluate_segments": "SegmentsQueue",
    "app.keep_suppressions": "SuppressionsQueue",
    "app.import_people": "ImportsQueue",
}
SCHEDULE_HANDLERS = {
    "app.sequence_on_schedule": "rate(1 minute)",
    "app.advance_campaigns": "rate(1 minute)",
    "app.log_heartbeat": "rate(1 day)",
    "app.erase_unconfirmed": "rate(1 day)",
    "app.refold_orders": "rate(1 day)",
    "app.sync_suppressions": "rate(1 day)",
    "app.anchor_on_schedule": "rate(1 hour)",
}


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return logical id → resource of one type."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def functions(template: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return handler → (logical id, properties)."""
    return {
        resource["Properties"]["Handler"]: (name, resource["Properties"])
        for name, resource in resources(template, FUNCTION).items()
    }


def sources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return handler → properties of its one event source of a type."""
    found = {}
    for handler, (_, properties) in functions(template).items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == kind:
                assert handler not in found, f"{handler} has two {kind} sources"
                found[handler] = event["Properties"]
    return found


def role_statements(template: dict[str, Any], handler: str) -> list[dict[str, Any]]:
    """Return the policy statements of a handler's role."""
    role = template["Resources"][functions(template)[handler][1]["Role"]["Fn::GetAtt"][0]]
    assert "ManagedPolicyArns" not in role["Properties"]
    (policy,) = role["Properties"]["Policies"]
    return policy["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    """Return a policy member as a list, however it was written."""
    return value if isinstance(value, list) else [value]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every (member name, value) of a tree."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def lint(path: Path) -> str:
    """Return what cfn-lint says about a template: nothing when it is sound."""
    result = subprocess.run(
        (
            sys.executable,
            "-c",
            "import sys; from cfnlint.runner import main; sys.exit(main())",
            path,
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(result.returncode) == bool(result.stdout), result.stderr
    return result.stdout

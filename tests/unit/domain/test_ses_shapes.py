# SPDX-License-Identifier: Apache-2.0
"""The documents the tests read have the fields of AWS's own examples, no more and no fewer."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib.domain.ses_events import SesType
from tests.support import ses_documents as docs

COMPLAINED = docs.complaint()
EXAMPLES = {
    "Bounce": docs.only_aws_tags(docs.bounce()),
    "Complaint": docs.only_aws_tags(
        {**COMPLAINED, "complaint": docs.without(COMPLAINED["complaint"], "complaintSubType")}
    ),
    "Delivery": docs.delivery(),
    "Send": docs.send(),
    "Reject": docs.reject(),
    "Open": docs.opened(),
    "Click": docs.clicked(),
    "Rendering Failure": docs.only_aws_tags(docs.rendering_failure(), "ses:configuration-set"),
    "DeliveryDelay": docs.only_aws_tags(docs.delivery_delay(), "ses:configuration-set"),
    "Subscription": docs.subscription(),
    "classic Bounce with a DSN": docs.classic_bounce_with_dsn(),
    "classic Bounce without a DSN": docs.classic_bounce_without_dsn(),
    "classic Complaint with a report": docs.classic_complaint("abuse"),
    "classic Complaint without a report": docs.classic_complaint(None),
    "classic Delivery": docs.classic_delivery(),
    "the mail object": docs.without(docs.classic_mail(), "callerIdentity"),
    "the bounce object": docs.mixed_bounce("one@example.org", "two@example.org")["bounce"],
    "a bounced recipient": docs.bounce()["bounce"]["bouncedRecipients"][0],
    "the complaint object": docs.classic_complaint("abuse")["complaint"],
    "a complained recipient": docs.complaint()["complaint"]["complainedRecipients"][0],
    "the delivery object": docs.classic_delivery()["delivery"],
}
"""Our own documents, under the name of the example of AWS's that each stands for."""


def field_names(value: object, at: str = "") -> set[str]:
    """Where in a document there is anything: headers and tags count by their names."""
    if isinstance(value, dict) and value:
        return set().union(*(field_names(x, _below(at, name)) for name, x in value.items()))
    if isinstance(value, list) and value:
        if at.rpartition(".")[2] == "headers":
            return {f"{at}[{header['name']}]" for header in value}
        return set().union(*(field_names(x, f"{at}[]") for x in value))
    return {at}


def _below(at: str, name: str) -> str:
    if at.lower().endswith("tags"):
        return f"{at}[{name if name.startswith('ses:') else 'own'}]"
    return f"{at}.{name}" if at else name


def documented() -> Mapping[str, list[str]]:
    file = Path(__file__).parents[2] / "data" / "ses_example_fields.json"
    return json.loads(file.read_text(encoding="utf-8"))["examples"]


@pytest.mark.parametrize(("example", "names"), documented().items())
def test_our_documents_have_exactly_the_fields_ses_documents(example, names):
    assert sorted(field_names(EXAMPLES[example])) == names


def test_no_example_of_ses_is_left_out():
    assert set(documented()) == set(EXAMPLES)
    assert set(SesType) - set(documented()) == {SesType.UNKNOWN}

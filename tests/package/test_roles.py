# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one least-privilege role per function group, and the rights that matter."""

import json

import pytest

from tests.package.templates import (
    HTTP,
    QUEUE_HANDLERS,
    SCHEDULE_HANDLERS,
    functions,
    listed,
    role_statements,
)

GROUPS = {
    "http": {HTTP},
    "confirmations": {"app.send_confirmations"},
    "planning": {"app.plan_campaigns"},
    "advancing": {"app.advance_campaigns"},
    "sending": {"app.send_chunks"},
    "feedback": {"app.record_ses_events"},
    "receiving": {"app.receive_mails"},
    "sequencing": {"app.sequence_ledger", "app.sequence_on_schedule"},
    "proofs": {"app.build_proofs"},
    "erasure": {"app.erase_subjects", "app.erase_unconfirmed"},
    "anchoring": {"app.anchor_checkpoints", "app.anchor_on_schedule"},
    "heartbeat": {"app.log_heartbeat"},
    "refolding": {"app.refold_orders"},
    "segments": {"app.evaluate_segments"},
    "suppressions": {"app.keep_suppressions"},
    "suppressions-clock": {"app.sync_suppressions"},
    "importing": {"app.import_people"},
}
HANDLERS = sorted({HTTP, *QUEUE_HANDLERS, *SCHEDULE_HANDLERS})
# Actions AWS offers no narrower resource for.
ACCOUNT_WIDE = {
    "ses:DeleteSuppressedDestination",
    "ses:GetAccount",
    "ses:GetSuppressedDestination",
    "ses:ListSuppressedDestinations",
    "ses:PutSuppressedDestination",
}
# What the doctor asks SES beside its account.
EXAMINING = {
    "ses:GetConfigurationSet",
    "ses:GetConfigurationSetEventDestinations",
    "ses:GetEmailIdentity",
}


def grants(sam, handler):
    """Yield (action, resource, condition) of everything a handler may do."""
    for statement in role_statements(sam, handler):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, resource, statement.get("Condition")


def who_may(sam, action, resource):
    """Return the groups that hold an action on a resource whose text contains `resource`."""
    return {
        group
        for group, handlers in GROUPS.items()
        for handler in handlers
        for held, on, condition in grants(sam, handler)
        if held == action and resource in json.dumps(on) and condition is None
    }


def test_every_function_belongs_to_one_group_whose_members_hold_the_same_rights(sam):
    assert sorted(handler for group in GROUPS.values() for handler in group) == HANDLERS
    roles = set()
    for handlers in GROUPS.values():
        policies = {
            json.dumps(role_statements(sam, handler), sort_keys=True) for handler in handlers
        }
        assert len(policies) == 1
        roles |= policies
        for handler in handlers:
            assert "Policies" not in functions(sam)[handler][1]
    assert len(roles) == len(GROUPS)


@pytest.mark.parametrize("handler", HANDLERS)
def test_no_action_is_a_wildcard_and_no_resource_is_everything(sam, handler):
    for action, resource, _ in grants(sam, handler):
        assert "*" not in action
        assert "NotAction" not in action
        if resource == "*":
            assert action in ACCOUNT_WIDE
        elif "Fn::Sub" in resource:
            # The name part of an ARN always begins with the installation's own prefix or account.
            assert "${Prefix}" in resource["Fn::Sub"] or ":identity/*" in resource["Fn::Sub"]
            assert not resource["Fn::Sub"].endswith("/*/*")
        else:
            assert set(resource) <= {"Fn::GetAtt", "Fn::ImportValue"}


@pytest.mark.parametrize("handler", HANDLERS)
def test_nobody_scans_a_table_or_touches_tables_queues_and_keys_themselves(sam, handler):
    item_actions = {
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    }
    for action, _, _ in grants(sam, handler):
        service, name = action.split(":")
        if service == "dynamodb":
            assert name in item_actions
        assert service in {"dynamodb", "kms", "logs", "s3", "ses", "sqs"}
        assert not name.startswith(("Create", "Schedule", "Put")) or name in {
            "CreateLogStream",
            "PutLogEvents",
            "PutItem",
            "PutObject",
            "PutSuppressedDestination",
        }


def test_only_the_sequencer_signs(sam):
    assert who_may(sam, "kms:Sign", "log-key-arn") == {"sequencing"}


def test_only_those_who_speak_for_one_person_unwrap_that_persons_key(sam):
    """Pages, mails tried, sent and received, proofs, feedback, which seals events, erasure,
    imports, and whoever compares one person with SES's list."""
    unwrapping = {"http", "confirmations", "sending", "feedback", "receiving", "proofs", "erasure"}
    unwrapping |= {"planning", "segments", "refolding", "importing", "suppressions"}
    assert who_may(sam, "kms:Decrypt", "vault-key-arn") == unwrapping


def test_the_planner_reads_keys_and_writes_none(sam):
    for handler in GROUPS["planning"]:
        found = [
            action
            for action, resource, _ in grants(sam, handler)
            if json.dumps(resource).endswith('-vault"}')
        ]
        assert sorted(found) == ["dynamodb:GetItem", "dynamodb:Query"]
        reached = json.dumps([resource for _, resource, _ in grants(sam, handler)])
        for place in ("address-key", "links-key", "-activity"):
            assert place not in reached, place


def test_the_clock_of_campaigns_reaches_nobodys_key_profile_or_activity_and_sends_nothing(sam):
    found = [(action, json.dumps(on)) for action, on, _ in grants(sam, "app.advance_campaigns")]
    for place in ("-vault", "vault-key", "address-key", "links-key", "-audience", "-activity"):
        assert not [on for _, on in found if place in on], place
    asked = {action for action, _ in found if action.startswith("ses:")}
    assert asked == {"ses:GetAccount", *EXAMINING}


def test_who_lets_large_mailings_go_asks_what_the_doctor_asks_and_nobody_else_does(sam):
    for action in EXAMINING:
        assert {
            group
            for group, handlers in GROUPS.items()
            for handler in handlers
            if action in {held for held, _, _ in grants(sam, handler)}
        } == {"http", "planning", "advancing"}, action


def test_only_who_starts_campaigns_freezes_what_they_say(sam):
    for place in ("/content/", "/segments/"):
        starters = {"http", "advancing"}
        assert who_may(sam, "s3:PutObject", place) == starters, place


def test_sequencer_heartbeat_and_anchoring_never_reach_the_vault(sam):
    for group in ("sequencing", "heartbeat", "anchoring"):
        for handler in GROUPS[group]:
            reached = json.dumps([resource for _, resource, _ in grants(sam, handler)])
            for place in ("-vault", "vault-key", "address-key", "links-key", "-activity"):
                assert place not in reached, place
            assert "-audience" not in reached
            assert "-campaigns" not in reached


def test_only_the_vaults_first_writer_makes_epoch_keys_and_only_erasure_deletes_a_vault_row(sam):
    assert who_may(sam, "kms:GenerateDataKey", "vault-key-arn") == {"http"}
    assert who_may(sam, "dynamodb:PutItem", "-vault") == {"http", "importing"}
    for action in ("DeleteItem", "BatchWriteItem"):
        expected = {"erasure"} if action == "DeleteItem" else set()
        assert who_may(sam, f"dynamodb:{action}", "-vault") == expected
    assert who_may(sam, "dynamodb:DeleteItem", "-audience") == {"erasure"}


def test_only_erasure_deletes_of_the_ledger_and_the_pages_delete_lookups_alone(sam):
    assert who_may(sam, "dynamodb:DeleteItem", "-ledger") == {"erasure"}
    (statement,) = [
        item for item in role_statements(sam, HTTP) if item["Sid"] == "ReleaseFormerAddress"
    ]
    keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert (statement["Action"], keys) == (["dynamodb:DeleteItem"], ["I#*"])


def test_only_senders_send_and_only_the_courier_sends_in_bulk(sam):
    """The API sends one mail at a time: a campaign's test to an address its maker chose."""
    for on in ("identity", "configuration-set/${Prefix}"):
        assert who_may(sam, "ses:SendEmail", on) == {"http", "confirmations", "sending"}
        for bulk in ("ses:SendBulkEmail", "ses:SendBulkTemplatedEmail"):
            assert who_may(sam, bulk, on) == {"sending"}
        assert who_may(sam, "ses:SendRawEmail", on) == set()


def test_only_mails_that_answer_a_person_go_past_ses_own_list(sam):
    answers = "configuration-set/${Prefix}-answers"
    assert who_may(sam, "ses:SendEmail", answers) == {"confirmations"}
    assert who_may(sam, "ses:SendBulkEmail", answers) == set()


def test_only_who_compares_ses_list_takes_somebody_off_it_and_only_the_api_puts_on_it_too(sam):
    listing = {
        action: {
            group
            for group, handlers in GROUPS.items()
            for handler in handlers
            for held, _, _ in grants(sam, handler)
            if held == f"ses:{action}SuppressedDestination"
        }
        for action in ("Delete", "Get", "Put")
    }
    assert listing == {
        "Delete": {"suppressions"},
        "Get": {"http", "suppressions"},
        "Put": {"http", "suppressions"},
    }


def test_who_compares_ses_list_sends_nothing_and_reaches_no_other_event_or_campaign(sam):
    found = [(action, json.dumps(on)) for action, on, _ in grants(sam, "app.keep_suppressions")]
    assert not [action for action, _ in found if action.startswith("ses:Send")]
    keys: dict[str, set[str]] = {"-campaigns": set(), "-activity": set()}
    for _, on, condition in grants(sam, "app.keep_suppressions"):
        for place in keys:
            if place in json.dumps(on):
                keys[place] |= {*condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]}
    files = {"BRAND", "LIST", "EXPORTS", "JOB#suppression-exports", "JOB#suppression-imports"}
    assert keys == {"-campaigns": {"AL"} | files, "-activity": {"H#*"}}


def test_the_sender_decides_nothing_it_cannot_write_the_ledger(sam):
    for action in ("PutItem", "UpdateItem", "DeleteItem"):
        assert "sending" not in who_may(sam, f"dynamodb:{action}", "-ledger")


def test_only_the_sequencer_writes_the_log_in_the_store(sam):
    assert who_may(sam, "s3:PutObject", "/log/") == {"sequencing"}
    assert who_may(sam, "s3:DeleteObject", "/log/") == {"sequencing"}


def test_the_sequencer_reaches_heads_outbox_and_index_but_no_subjects_history(sam):
    (statement,) = [
        item
        for item in role_statements(sam, "app.sequence_ledger")
        if item["Sid"] == "SequenceOutbox"
    ]
    keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert keys == ["HEAD#*", "Q#*", "V#*"]


def test_only_the_proof_builder_writes_and_deletes_bundles(sam):
    assert who_may(sam, "s3:PutObject", "/bundles/") == {"proofs"}
    assert who_may(sam, "s3:DeleteObject", "/bundles/") == {"proofs"}


def test_only_two_workers_write_exports_and_only_the_api_gives_them_out(sam):
    """Who writes one of people goes on with what it kept itself."""
    assert who_may(sam, "s3:PutObject", "/exports/") == {"segments", "suppressions"}
    assert who_may(sam, "s3:GetObject", "/exports/") == {"http", "segments"}


def test_only_erasure_destroys_versions_and_who_imports_those_of_imports(sam):
    for folder in ("/bundles/*", "/exports/*"):
        assert who_may(sam, "s3:DeleteObjectVersion", folder) == {"erasure"}
    three = {"erasure", "importing", "suppressions"}
    assert who_may(sam, "s3:DeleteObjectVersion", "/imports/*") == three
    assert who_may(sam, "s3:DeleteObjectVersion", "-store-") == three
    assert who_may(sam, "s3:ListBucketVersions", "-store-") == three


def test_a_file_of_an_import_is_taken_by_the_api_and_read_by_who_imports_alone(sam):
    """The API asks whether all parts are there: for S3 that is reading."""
    assert who_may(sam, "s3:PutObject", "/imports/*") == {"http", "importing"}
    assert who_may(sam, "s3:GetObject", "/imports/*") == {"http", "importing", "suppressions"}
    assert who_may(sam, "sqs:SendMessage", "ImportsQueue") == {"http", "importing"}


def test_only_feedback_and_receiving_read_the_queues_that_name_people(sam):
    assert who_may(sam, "kms:Decrypt", "events-key-arn") == {"feedback", "receiving"}
    assert who_may(sam, "sqs:ReceiveMessage", "SesEventsQueue") == {"feedback"}
    assert who_may(sam, "sqs:ReceiveMessage", "InboundQueue") == {"receiving"}


def test_only_pages_the_sequencer_and_itself_ask_of_segments_whose_worker_writes_no_entry(sam):
    """An export is written part by part: each part asks for the next."""
    asking = {"http", "segments", "sequencing"}
    assert who_may(sam, "sqs:SendMessage", "SegmentsQueue") == asking
    for action in ("PutItem", "UpdateItem", "DeleteItem"):
        assert "segments" not in who_may(sam, f"dynamodb:{action}", "-ledger")
        assert "segments" not in who_may(sam, f"dynamodb:{action}", "-vault")


def test_who_receives_mail_sends_none_and_reads_no_profile_or_event(sam):
    reached = {
        (action, json.dumps(resource)) for action, resource, _ in grants(sam, "app.receive_mails")
    }
    assert not [action for action, _ in reached if action.startswith("ses:")]
    assert not [on for _, on in reached if "-activity" in on or "address-key" in on]
    profiles = {action for action, on in reached if "-audience" in on}
    assert profiles == {"dynamodb:UpdateItem"}


@pytest.mark.parametrize("handler", sorted(QUEUE_HANDLERS))
def test_a_consumer_reads_its_own_queue_and_no_other(sam, handler):
    read = [
        resource for action, resource, _ in grants(sam, handler) if action == "sqs:ReceiveMessage"
    ]
    assert read == [{"Fn::GetAtt": [QUEUE_HANDLERS[handler], "Arn"]}]


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_writes_its_own_groups_logs_only(sam, handler):
    (own,) = [group for group, handlers in GROUPS.items() if handler in handlers]
    groups = {
        functions(sam)[member][1]["LoggingConfig"]["LogGroup"]["Ref"] for member in GROUPS[own]
    }
    written = {
        resource["Fn::GetAtt"][0]
        for action, resource, _ in grants(sam, handler)
        if action == "logs:PutLogEvents"
    }
    assert written == groups

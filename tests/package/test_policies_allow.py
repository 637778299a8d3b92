# SPDX-License-Identifier: Apache-2.0
"""Each role may do what its handlers do, and no more: policies against the calls really made.

A walk through the product notes every AWS call of every handler (`story`, `recorder`), and a small
judge (`iam`) holds the packaged roles against them, in both directions.
"""

import pytest

from infra.local.template import ACCOUNT, Stack
from tests.package.iam import Grant, grants
from tests.package.lambda_events import REGION
from tests.package.recorder import Call
from tests.package.templates import HTTP, QUEUE_HANDLERS, SCHEDULE_HANDLERS, role_statements

HANDLERS = sorted({HTTP, *QUEUE_HANDLERS, *SCHEDULE_HANDLERS})
# Source: Amazon DynamoDB developer guide, "DynamoDB encryption at rest: usage notes", authorizing
# use of a customer managed key. kms:CreateGrant is for who makes the table, not who uses it.
DYNAMODB_ASKS_OF_KMS = {
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}
BY_LAMBDA = "Lambda does it with the function's role, around the handler"
BY_DYNAMODB = "DynamoDB does it with the caller's role for a table under a customer's key"
# (statement, action) that no handler asks for itself -> why it stands.
UNUSED = {
    ("WriteOwnLogs", "logs:CreateLogStream"): BY_LAMBDA,
    ("WriteOwnLogs", "logs:PutLogEvents"): BY_LAMBDA,
    ("ConsumeQueue", "sqs:DeleteMessage"): BY_LAMBDA,
    ("ConsumeQueue", "sqs:GetQueueAttributes"): BY_LAMBDA,
    ("ConsumeQueue", "sqs:ReceiveMessage"): BY_LAMBDA,
    ("ReadEncryptedEvents", "kms:Decrypt"): "SQS does it with the role of who receives",
    **{("OpenTheVaultTable", action): BY_DYNAMODB for action in DYNAMODB_ASKS_OF_KMS},
    ("SendMail", "ses:SendEmail"): "for an account that may not send in bulk; the walk's may",
    ("SendOnWhatWaits", "sqs:SendMessage"): "for a run that is held, or whose worker's time is up; "
    "the walk's are short",
    (
        "TellMissingFromForbidden",
        "s3:ListBucket",
    ): "the planner and the clock ask for what was "
    "written before; one that is lost all the same is to be told from one that is forbidden",
    ("GoOnWithTheList", "sqs:SendMessage"): "for a list or a file that one run is too short for, "
    "or that SES wants read later; the walk's are short",
    ("GoOnWithExports", "sqs:SendMessage"): "for an export of more than one part; the walk's is "
    "small",
    ("WriteExports", "s3:AbortMultipartUpload"): "for such a one that is begun anew",
    ("WriteExportsOfSuppressions", "s3:AbortMultipartUpload"): "likewise",
    ("WriteExports", "s3:GetObject"): "for one of many people: what is written of it so far may be "
    "less than a part of an upload",
    ("SendMail", "ses:SendBulkTemplatedEmail"): "the name of the bulk call in SES's first API, "
    "which its guide gives for templates of both; no account here to ask which of them it judges",
}


@pytest.fixture(scope="session")
def stack(sam, data_stack):
    """The data stack and the packaged application, read together as CloudFormation would."""
    return Stack(
        templates=(data_stack, sam),
        region=REGION,
        parameters={},
        queue_base_url=f"https://sqs.{REGION}.amazonaws.com",
    )


@pytest.fixture(scope="session")
def calls(walked, stack):
    """The walk's calls, each key's alias replaced by the key's own ARN, as KMS does."""
    keys = {
        alias.properties["AliasName"]: stack.resolve(
            {"Fn::GetAtt": [alias.properties["TargetKeyId"], "Arn"]}
        )
        for alias in stack.resources("AWS::KMS::Alias")
    }
    return {
        Call(
            who=call.who,
            action=call.action,
            resource=keys.get(call.resource, call.resource),
            context=call.context,
        )
        for call in walked.calls
        if call.who in HANDLERS
    }


@pytest.fixture(scope="session")
def roles(sam, stack):
    """Handler -> what its packaged role grants."""
    return {handler: grants(role_statements(sam, handler), stack) for handler in HANDLERS}


def named(found) -> str:
    """Return calls or grants as lines that say what to mend."""
    return "\n".join(sorted({str(item) for item in found}))


def test_the_walk_makes_calls_as_every_handler(calls):
    assert {call.who for call in calls} == set(HANDLERS)


def test_every_call_a_handler_makes_is_allowed_by_its_role(calls, roles):
    refused = [
        f"{call.who} {call.action} on {call.resource} {dict(call.context)}"
        for call in calls
        if not any(grant.covers(call) for grant in roles[call.who])
    ]
    assert not refused, named(refused)


def test_the_stores_own_policy_refuses_none_of_the_calls(calls, stack):
    (policy,) = stack.resources("AWS::S3::BucketPolicy")
    denied = grants(policy.properties["PolicyDocument"]["Statement"], stack)
    assert {grant.effect for grant in denied} == {"Deny"}
    secure = (("aws:SecureTransport", ("true",)),)
    for call in calls:
        over_tls = Call(
            who=call.who,
            action=call.action,
            resource=call.resource,
            context=(*call.context, *secure),
        )
        assert not [grant.sid for grant in denied if grant.covers(over_tls)], call


def test_every_right_is_used_or_stands_in_the_list_with_its_reason(calls, roles):
    unused = {
        (grant.sid, grant.action): f"{holders}: {grant.sid} {grant.action} on {grant.resource}"
        for grant, holders in _held(roles)
        if not any(grant.covers(call) for call in calls if call.who in holders)
    }
    assert not set(unused) - set(UNUSED), named(unused[key] for key in set(unused) - set(UNUSED))
    assert not set(UNUSED) - set(unused), "these are used, or held by nobody: strike them out"


def _held(roles):
    """Yield each grant with the handlers that hold it: those of one role hold the same."""
    holders = {}
    for handler, held in roles.items():
        holders.setdefault(tuple(str(grant) for grant in held), []).append(handler)
    for handlers in holders.values():
        for grant in roles[handlers[0]]:
            yield grant, handlers


def test_the_keys_leave_to_iam_every_action_that_a_role_needs_of_them(roles, stack):
    keys = {
        stack.resolve({"Fn::GetAtt": [key.logical_id, "Arn"]}): key.properties["KeyPolicy"]
        for key in stack.resources("AWS::KMS::Key")
    }
    for handler, held in roles.items():
        for grant in held:
            if grant.action.startswith("kms:"):
                (ours, *_) = keys[grant.resource]["Statement"]
                assert ours["Sid"] == "IamDecidesInThisAccount"
                assert grant.action in ours["Action"], (handler, grant)


def test_who_uses_a_table_under_our_key_lets_dynamodb_use_the_key_and_nothing_else(roles, stack):
    via = {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}}
    for table in stack.resources("AWS::DynamoDB::Table"):
        key = table.properties.get("SSESpecification", {}).get("KMSMasterKeyId")
        arn = stack.resolve({"Fn::GetAtt": [table.logical_id, "Arn"]})
        for handler, held in roles.items():
            if key is None or not any(grant.resource == arn for grant in held):
                continue
            through = {g.action for g in held if g.resource == key and g.condition == via}
            assert through == DYNAMODB_ASKS_OF_KMS, (handler, table.logical_id)


def test_who_reads_a_queue_under_our_key_may_decrypt_and_nobody_sends_to_it(roles, stack):
    encrypted = {
        stack.resolve({"Fn::GetAtt": [queue.logical_id, "Arn"]}): queue.properties["KmsMasterKeyId"]
        for queue in stack.resources("AWS::SQS::Queue")
        if "KmsMasterKeyId" in queue.properties
    }
    assert len(encrypted) == 4
    for handler, held in roles.items():
        rights = {(grant.action, grant.resource) for grant in held}
        for queue, key in encrypted.items():
            assert ("sqs:SendMessage", queue) not in rights
            if ("sqs:ReceiveMessage", queue) in rights:
                assert ("kms:Decrypt", key) in rights, handler


def test_ses_and_the_topic_may_use_the_key_of_the_topic_and_its_queue(stack):
    topics = [
        topic
        for topic in stack.resources("AWS::SNS::Topic")
        if "KmsMasterKeyId" in topic.properties
    ]
    (used,) = {topic.properties["KmsMasterKeyId"] for topic in topics}
    (policy,) = (
        key.properties["KeyPolicy"]["Statement"]
        for key in stack.resources("AWS::KMS::Key")
        if stack.resolve({"Fn::GetAtt": [key.logical_id, "Arn"]}) == used
    )
    (delivers,) = (item for item in policy if item["Principal"].get("Service", "")[:4] == "sns.")
    arns = {stack.resolve({"Ref": topic.logical_id}) for topic in topics}
    assert set(delivers["Condition"]["ArnEquals"]["aws:SourceArn"]) == arns
    services = {
        statement["Principal"]["Service"]: set(statement["Action"])
        for statement in policy
        if "Service" in statement["Principal"]
    }
    needed = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert services == {"ses.amazonaws.com": needed, "sns.amazonaws.com": needed}


def test_the_store_is_under_s3s_own_key_which_needs_no_right(stack):
    (store,) = stack.resources("AWS::S3::Bucket")
    (rule,) = store.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


LEDGER = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/kvitto-ledger"
STORE = f"arn:aws:s3:::kvitto-store-{ACCOUNT}-{REGION}"


@pytest.mark.parametrize(
    ("handler", "action", "resource", "context"),
    [
        ("app.sequence_ledger", "dynamodb:Query", LEDGER, {"dynamodb:LeadingKeys": ("S#x",)}),
        ("app.sequence_ledger", "dynamodb:Query", LEDGER, {"dynamodb:LeadingKeys": ("Q#1", "S#")}),
        ("app.app", "dynamodb:Scan", LEDGER, {}),
        ("app.app", "s3:PutObject", f"{STORE}/log/checkpoint", {}),
        ("app.send_chunks", "s3:ListBucket", "arn:aws:s3:::another", {}),
        ("app.log_heartbeat", "dynamodb:PutItem", f"{LEDGER}-of-another", {}),
    ],
)
def test_the_judge_refuses_what_no_statement_allows(roles, handler, action, resource, context):
    call = Call(who=handler, action=action, resource=resource, context=tuple(context.items()))
    assert not [grant for grant in roles[handler] if grant.covers(call)]


def test_a_right_through_dynamodb_is_none_to_call_kms(roles):
    through = [grant for grant in roles["app.build_proofs"] if grant.action == "kms:Encrypt"]
    assert through
    for grant in through:
        call = Call(who="app.build_proofs", action=grant.action, resource=grant.resource)
        assert not grant.covers(call)


def test_the_judge_stops_at_a_condition_it_does_not_know():
    grant = Grant(
        sid="X", effect="Allow", action="a:B", resource="*", condition={"IpAddress": {"k": "v"}}
    )
    with pytest.raises(AssertionError, match="IpAddress"):
        grant.covers(Call(who="x", action="a:B", resource="r"))

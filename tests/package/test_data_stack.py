# SPDX-License-Identifier: Apache-2.0
"""What the stack of everything stateful promises: nothing is lost; what must go, goes."""

from pathlib import Path

import pytest

from tests.package.templates import lint, listed, resources

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "data.yaml"
TABLES = {
    "ledger": 35,
    "vault": {"Ref": "VaultRecoveryDays"},
    "audience": 35,
    "campaigns": 35,
    "activity": None,
}
KEYS = {
    "vault": "SYMMETRIC_DEFAULT",
    "address": "HMAC_256",
    "log": "ECC_NIST_EDWARDS25519",
    "links": "SYMMETRIC_DEFAULT",
    "events": "SYMMETRIC_DEFAULT",
}


def tables(data_stack):
    return {
        item["Properties"]["TableName"]["Fn::Sub"].removeprefix("${Prefix}-"): item["Properties"]
        for item in resources(data_stack, "AWS::DynamoDB::Table").values()
    }


def statements(data_stack):
    (policy,) = resources(data_stack, "AWS::S3::BucketPolicy").values()
    return {item["Sid"]: item for item in policy["Properties"]["PolicyDocument"]["Statement"]}


def test_cfn_lint_finds_nothing_in_the_data_stack():
    assert lint(TEMPLATE) == ""


def test_every_resource_survives_its_stack_and_its_own_replacement(data_stack):
    for name, resource in data_stack["Resources"].items():
        assert resource["DeletionPolicy"] == "Retain", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_it_holds_the_five_tables_one_store_and_five_keys_and_no_code(data_stack):
    assert set(tables(data_stack)) == set(TABLES)
    assert len(resources(data_stack, "AWS::S3::Bucket")) == 1
    assert {item["Type"] for item in data_stack["Resources"].values()} == {
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::KMS::Alias",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    }


def test_every_table_refuses_deletion_and_is_paid_by_request(data_stack):
    for table in tables(data_stack).values():
        assert table["DeletionProtectionEnabled"] is True
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
        assert "GlobalSecondaryIndexes" not in table


def test_tables_can_be_restored_within_their_window_and_the_vault_no_longer_than_seven_days(
    data_stack,
):
    for name, days in TABLES.items():
        recovery = tables(data_stack)[name].get("PointInTimeRecoverySpecification")
        if days is None:
            assert recovery is None
        else:
            assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
    window = data_stack["Parameters"]["VaultRecoveryDays"]
    assert (window["MinValue"], window["Default"], window["MaxValue"]) == (1, 7, 7)
    exported = data_stack["Outputs"]["VaultRecoveryWindow"]["Value"]
    assert exported == TABLES["vault"], "what an erasure's certificate says is what the table does"


def test_what_expires_expires(data_stack):
    expiring = {
        name
        for name, table in tables(data_stack).items()
        if table.get("TimeToLiveSpecification") == {"AttributeName": "expires_at", "Enabled": True}
    }
    assert expiring == {"ledger", "campaigns", "activity"}


def test_the_vault_is_encrypted_with_its_own_key(data_stack):
    assert tables(data_stack)["vault"]["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": {"Fn::GetAtt": ["VaultKey", "Arn"]},
    }


def test_keys_are_of_the_kind_their_purpose_needs_and_take_thirty_days_to_delete(data_stack):
    keys = resources(data_stack, "AWS::KMS::Key")
    aliases = {
        item["Properties"]["AliasName"]["Fn::Sub"].removeprefix("alias/${Prefix}-"): keys[
            item["Properties"]["TargetKeyId"]["Ref"]
        ]["Properties"]
        for item in resources(data_stack, "AWS::KMS::Alias").values()
    }
    assert {name: key["KeySpec"] for name, key in aliases.items()} == KEYS
    for key in aliases.values():
        assert key["PendingWindowInDays"] == 30
        guard = key["KeyPolicy"]["Statement"][1]
        assert guard["Effect"] == "Deny"
        assert guard["Action"] == "kms:ScheduleKeyDeletion"


def test_no_key_policy_allows_a_wildcard_action_or_another_account(data_stack):
    for key in resources(data_stack, "AWS::KMS::Key").values():
        for statement in key["Properties"]["KeyPolicy"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert not [action for action in listed(statement["Action"]) if "*" in action]
                assert statement["Principal"] != {"AWS": "*"}
                if statement["Principal"] == {"Service": "sns.amazonaws.com"}:
                    assert "aws:SourceArn" in statement["Condition"]["ArnEquals"]


def test_the_store_is_versioned_lockable_private_and_encrypted(data_stack):
    (store,) = resources(data_stack, "AWS::S3::Bucket").values()
    properties = store["Properties"]
    assert properties["ObjectLockEnabled"] is True
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["BucketEncryption"]
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_store_refuses_plain_http_and_its_own_deletion(data_stack):
    refused = statements(data_stack)
    assert refused["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refused["TheStoreIsNotDeleted"]["Action"] == "s3:DeleteBucket"
    assert {item["Effect"] for item in refused.values()} == {"Deny"}


@pytest.mark.parametrize(
    "prefix",
    [
        "log/tile/",
        "log/checkpoints/",
        "anchors/",
        "notice/",
        "forms/",
        "privacy/",
        "manifests/",
        "content/",
    ],
)
def test_an_immutable_object_cannot_be_written_twice(data_stack, prefix):
    statement = statements(data_stack)["ImmutableObjectsAreWrittenOnce"]
    assert statement["Action"] == "s3:PutObject"
    assert statement["Condition"]["Null"] == {"s3:if-none-match": "true"}
    assert {"Fn::Sub": f"${{Store.Arn}}/{prefix}*"} in statement["Resource"]


def test_the_checkpoint_and_bundles_can_be_replaced(data_stack):
    text = str(statements(data_stack)["ImmutableObjectsAreWrittenOnce"]["Resource"])
    assert "log/checkpoint'" not in text
    assert "log/checkpoint*" not in text
    assert "bundles" not in text
    assert "exports" not in text
    assert "staging" not in text


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("BundlesLiveAtMostSevenDays", "bundles/"),
        ("ExportsLiveAtMostSevenDays", "exports/"),
        ("ImportsLiveAtMostSevenDays", "imports/"),
    ],
)
def test_what_holds_addresses_is_gone_in_seven_days_old_versions_included(data_stack, name, prefix):
    (store,) = resources(data_stack, "AWS::S3::Bucket").values()
    rules = {rule["Id"]: rule for rule in store["Properties"]["LifecycleConfiguration"]["Rules"]}
    files = rules[name]
    assert files["Prefix"] == prefix
    old = files["NoncurrentVersionExpiration"]["NoncurrentDays"]
    # S3 rounds up to the next midnight, so a day is kept in hand.
    assert files["ExpirationInDays"] + old + 1 <= 7
    expiring = {rule["Prefix"] for rule in rules.values() if "ExpirationInDays" in rule}
    assert expiring == {"bundles/", "exports/", "imports/", "import-reports/", "log/staging/"}

# SPDX-License-Identifier: Apache-2.0
"""The emulator's resources, made from the product's own templates.

It guarantees that tables, queues, topics, keys, the store and the SES wiring that the local stack
runs on are those that `infra/data.yaml` and `infra/app.yaml` declare: one definition, two readers.
It refuses nothing it does not need: policies, alarms and log groups have no effect on an emulator
and are passed over. The log's Ed25519 key is passed over too, because the emulator has none;
locally the log signs with a key file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.template import ACCOUNT, Resource, Stack, TemplateError, load

TEMPLATES = ("data.yaml", "app.yaml")
_ED25519 = "ECC_NIST_EDWARDS25519"
_QUEUE_ATTRIBUTES = (
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)
# Environment variable -> the last part of the physical name that the template gives the resource.
_TABLES = {
    "KVITTO_LEDGER_TABLE": "-ledger",
    "KVITTO_VAULT_TABLE": "-vault",
    "KVITTO_AUDIENCE_TABLE": "-audience",
    "KVITTO_CAMPAIGNS_TABLE": "-campaigns",
    "KVITTO_ACTIVITY_TABLE": "-activity",
}
_QUEUES = {
    "KVITTO_CONFIRMATIONS_QUEUE": "-confirmations",
    "KVITTO_PLANS_QUEUE": "-plans",
    "KVITTO_CHUNKS_QUEUE": "-chunks",
    "KVITTO_SEQUENCING_QUEUE": "-sequencing",
    "KVITTO_PROOFS_QUEUE": "-proofs",
    "KVITTO_ERASURES_QUEUE": "-erasures",
    "KVITTO_ANCHORS_QUEUE": "-anchors",
    "KVITTO_SEGMENTS_QUEUE": "-segments",
    "KVITTO_SUPPRESSIONS_QUEUE": "-suppressions",
    "KVITTO_IMPORTS_QUEUE": "-imports",
}
_KEYS = {
    "KVITTO_VAULT_KEY": "-vault",
    "KVITTO_ADDRESS_KEY": "-address",
    "KVITTO_LINKS_KEY": "-links",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the emulated services listen, as URLs without a trailing slash."""

    aws_url: str
    ses_url: str
    region: str


def client(service: str, endpoints: Endpoints) -> Any:
    """Return a boto3 client of the emulator: fixed credentials, no retries that hide a fault."""
    return boto3.session.Session().client(  # a session each: building clients in threads needs it
        service,
        region_name=endpoints.region,
        endpoint_url=endpoints.ses_url if service == "sesv2" else endpoints.aws_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(
            retries={"total_max_attempts": 1}, proxies={}, s3={"addressing_style": "path"}
        ),
    )


def read_stack(
    folder: Path, endpoints: Endpoints, *, parameters: Mapping[str, str] | None = None
) -> Stack:
    """Return the product's templates, read together.

    Raises:
        TemplateError: a template is absent or cannot be read.
    """
    return Stack(
        templates=tuple(load(folder / name) for name in TEMPLATES),
        region=endpoints.region,
        parameters=dict(parameters or {}),
        queue_base_url=endpoints.aws_url,
    )


def create_resources(stack: Stack, endpoints: Endpoints) -> None:
    """Create every resource of the templates on the emulator, independent groups side by side.

    Raises:
        TemplateError: a template declares what cannot be made.
        botocore.exceptions.ClientError: the emulator refused a declaration.
    """
    groups: tuple[Callable[[Stack, Endpoints], None], ...] = (
        _create_tables,
        _create_queues_and_topics,
        _create_keys,
        _create_buckets,
        _create_ses,
    )
    with ThreadPoolExecutor(max_workers=len(groups)) as pool:
        for result in [pool.submit(group, stack, endpoints) for group in groups]:
            result.result()


def product_environment(stack: Stack) -> dict[str, str]:
    """Return the product's variables that name resources, from the templates' own names.

    Raises:
        TemplateError: a resource the product needs is not declared.
    """
    tables = [r.properties["TableName"] for r in stack.resources("AWS::DynamoDB::Table")]
    queues = [r.properties["QueueName"] for r in stack.resources("AWS::SQS::Queue")]
    aliases = [r.properties["AliasName"] for r in stack.resources("AWS::KMS::Alias")]
    environment = {name: _ending(tables, end) for name, end in _TABLES.items()}
    environment |= {
        name: f"{stack.queue_base_url}/{ACCOUNT}/{_ending(queues, end)}"
        for name, end in _QUEUES.items()
    }
    environment |= {name: _ending(aliases, end) for name, end in _KEYS.items()}
    environment["KVITTO_INBOUND_DOMAIN"] = stack.resolve({"Ref": "InboundDomain"})
    environment["KVITTO_BUCKET"] = stack.resources("AWS::S3::Bucket")[0].properties["BucketName"]
    sets = [found.properties["Name"] for found in stack.resources("AWS::SES::ConfigurationSet")]
    environment["KVITTO_CONFIGURATION_SET"] = stack.resolve({"Ref": "ConfigurationSet"})
    environment["KVITTO_ANSWERS_CONFIGURATION_SET"] = _ending(sets, "-answers")
    return environment


def consumer_queues(stack: Stack) -> dict[str, str]:
    """Return handler name -> queue URL, as the application template wires functions to queues."""
    urls: dict[str, str] = {}
    for name, declared in stack.templates[-1].get("Resources", {}).items():
        for source in declared.get("Properties", {}).get("Events", {}).values():
            queue = source.get("Properties", {}).get("Queue")
            if queue is not None:
                handler = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
                queue_name = str(stack.resolve(queue)).rpartition(":")[2]
                urls[handler] = f"{stack.queue_base_url}/{ACCOUNT}/{queue_name}"
    return urls


def receipt_rules(stack: Stack) -> dict[str, str]:
    """Return domain -> ARN of the topic that is told of mail received for it."""
    rules = (rule.properties["Rule"] for rule in stack.resources("AWS::SES::ReceiptRule"))
    return {
        domain: action["StopAction"]["TopicArn"]
        for rule in rules
        for domain in rule["Recipients"]
        for action in rule["Actions"]
    }


def _ending(names: Iterable[str], end: str) -> str:
    """Return the one name that ends so."""
    for name in names:
        if name.endswith(end):
            return name
    raise TemplateError(f"The templates declare nothing whose name ends in {end}.")


def _create_tables(stack: Stack, endpoints: Endpoints) -> None:
    """Create every table with its time-to-live attribute."""
    with closing(client("dynamodb", endpoints)) as dynamodb:
        _put_tables(stack, dynamodb)


def _put_tables(stack: Stack, dynamodb: Any) -> None:
    for table in stack.resources("AWS::DynamoDB::Table"):
        properties = table.properties
        dynamodb.create_table(
            TableName=properties["TableName"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
            BillingMode=properties.get("BillingMode", "PAY_PER_REQUEST"),
        )
        if "TimeToLiveSpecification" in properties:
            dynamodb.update_time_to_live(
                TableName=properties["TableName"],
                TimeToLiveSpecification=properties["TimeToLiveSpecification"],
            )


def _create_queues_and_topics(stack: Stack, endpoints: Endpoints) -> None:
    """Create dead-letter queues before the queues that name them, then topics and subscriptions."""
    with closing(client("sqs", endpoints)) as sqs, closing(client("sns", endpoints)) as sns:
        _put_queues(stack, sqs)
        _put_topics(stack, sns)


def _put_queues(stack: Stack, sqs: Any) -> None:
    queues = sorted(
        stack.resources("AWS::SQS::Queue"), key=lambda queue: "RedrivePolicy" in queue.properties
    )
    for queue in queues:
        sqs.create_queue(QueueName=queue.properties["QueueName"], Attributes=_attributes(queue))


def _put_topics(stack: Stack, sns: Any) -> None:
    for topic in stack.resources("AWS::SNS::Topic"):
        sns.create_topic(Name=topic.properties["TopicName"])
    for subscription in stack.resources("AWS::SNS::Subscription"):
        properties = subscription.properties
        attributes = {
            name: json.dumps(properties[name])
            if isinstance(properties[name], dict)
            else str(properties[name]).lower()
            for name in ("RawMessageDelivery", "FilterPolicy")
            if name in properties
        }
        sns.subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes=attributes,
        )


def _attributes(queue: Resource) -> dict[str, str]:
    """Return the attributes of a queue as SQS takes them: every value a string."""
    properties = queue.properties
    attributes = {name: str(properties[name]) for name in _QUEUE_ATTRIBUTES if name in properties}
    if "RedrivePolicy" in properties:
        attributes["RedrivePolicy"] = json.dumps(properties["RedrivePolicy"])
    return attributes


def _create_keys(stack: Stack, endpoints: Endpoints) -> None:
    """Create the keys the emulator can hold, each under its alias."""
    with closing(client("kms", endpoints)) as kms:
        _put_keys(stack, kms)


def _put_keys(stack: Stack, kms: Any) -> None:
    keys = {key.logical_id: key for key in stack.resources("AWS::KMS::Key")}
    for alias in stack.resources("AWS::KMS::Alias"):
        declared = keys[alias.properties["TargetKeyId"]].properties
        spec = declared.get("KeySpec", "SYMMETRIC_DEFAULT")
        if spec == _ED25519:
            continue
        created = kms.create_key(KeySpec=spec, KeyUsage=declared.get("KeyUsage", "ENCRYPT_DECRYPT"))
        kms.create_alias(
            AliasName=alias.properties["AliasName"], TargetKeyId=created["KeyMetadata"]["KeyId"]
        )


def _create_buckets(stack: Stack, endpoints: Endpoints) -> None:
    """Create the store, versioned and lockable when the template says so."""
    with closing(client("s3", endpoints)) as s3:
        _put_buckets(stack, s3)


def _put_buckets(stack: Stack, s3: Any) -> None:
    for bucket in stack.resources("AWS::S3::Bucket"):
        properties = bucket.properties
        s3.create_bucket(
            Bucket=properties["BucketName"],
            ObjectLockEnabledForBucket=bool(properties.get("ObjectLockEnabled", False)),
            CreateBucketConfiguration={"LocationConstraint": stack.region},
        )
        if properties.get("VersioningConfiguration", {}).get("Status") == "Enabled":
            s3.put_bucket_versioning(
                Bucket=properties["BucketName"], VersioningConfiguration={"Status": "Enabled"}
            )


def _create_ses(stack: Stack, endpoints: Endpoints) -> None:
    """Create configuration sets and the destinations of their events on the SES endpoint."""
    with closing(client("sesv2", endpoints)) as ses:
        _put_ses(stack, ses)


def _put_ses(stack: Stack, ses: Any) -> None:
    for configuration_set in stack.resources("AWS::SES::ConfigurationSet"):
        properties = configuration_set.properties
        ses.create_configuration_set(
            ConfigurationSetName=properties["Name"],
            SuppressionOptions=properties["SuppressionOptions"],
        )
    for declared in stack.resources("AWS::SES::ConfigurationSetEventDestination"):
        destination = declared.properties["EventDestination"]
        ses.create_configuration_set_event_destination(
            ConfigurationSetName=declared.properties["ConfigurationSetName"],
            EventDestinationName=destination.get("Name", declared.logical_id),
            EventDestination={
                "Enabled": destination.get("Enabled", True),
                "MatchingEventTypes": [
                    _api_event_type(name) for name in destination["MatchingEventTypes"]
                ],
                "SnsDestination": {"TopicArn": destination["SnsDestination"]["TopicARN"]},
            },
        )


def _api_event_type(name: str) -> str:
    """Return the SES v2 API's spelling of an event type that a template spells `deliveryDelay`.

    Source: AWS::SES::ConfigurationSetEventDestination, property MatchingEventTypes.
    """
    spelled = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
    return spelled.upper() if name != name.upper() else name

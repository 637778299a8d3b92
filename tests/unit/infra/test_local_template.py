# SPDX-License-Identifier: Apache-2.0
"""The template reader resolves names without resources, and takes them from the templates."""

from pathlib import Path

import pytest

from infra.local.template import Stack, TemplateError, load
from infra.local.template_reader import (
    Endpoints,
    consumer_queues,
    product_environment,
    read_stack,
)

INFRA = Path(__file__).resolve().parents[3] / "infra"
ENDPOINTS = Endpoints(
    aws_url="http://127.0.0.1:1", ses_url="http://127.0.0.1:2", region="eu-north-1"
)
CHOSEN = {"BaseUrl": "http://127.0.0.1", "LedgerOrigin": "localhost", "Controller": "local"}


def stack(text: str, tmp_path: Path) -> Stack:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    return Stack(
        templates=(load(path),), region="eu-north-1", parameters={}, queue_base_url="http://q"
    )


def test_short_and_long_intrinsics_resolve_to_the_same(tmp_path: Path) -> None:
    read = stack(
        """
Parameters: {Prefix: {Type: String, Default: kv}}
Resources:
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Prefix}-dlq"}}
  Live:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: {"Fn::Sub": "${Prefix}-live"}
      A: !GetAtt Dead.Arn
      B: {"Fn::GetAtt": [Dead, Arn]}
      C: {"Fn::Sub": "${Dead.Arn}"}
      D: !Ref Dead
      E: {"Fn::Join": ["-", [!Ref Prefix, {"Fn::Select": [1, {"Fn::Split": ["/", "a/b"]}]}]]}
      F: !Ref AWS::NoValue
""",
        tmp_path,
    )
    live = read.resources("AWS::SQS::Queue")[1].properties
    arn = "arn:aws:sqs:eu-north-1:123456789012:kv-dlq"
    assert live == {
        "QueueName": "kv-live",
        "A": arn,
        "B": arn,
        "C": arn,
        "D": "http://q/123456789012/kv-dlq",
        "E": "kv-b",
    }


@pytest.mark.parametrize(
    "value", ['{"Fn::Base64": x}', "!Ref Nobody", "!GetAtt Nobody.Arn", "!ImportValue nobody"]
)
def test_what_it_does_not_know_it_refuses(value: str, tmp_path: Path) -> None:
    read = stack(
        f"Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{X: {value}}}}}}}", tmp_path
    )
    with pytest.raises(TemplateError):
        read.resources("AWS::SQS::Queue")


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")


def test_the_products_environment_comes_from_the_products_templates() -> None:
    environment = product_environment(read_stack(INFRA, ENDPOINTS, parameters=CHOSEN))
    assert environment["KVITTO_LEDGER_TABLE"] == "kvitto-ledger"
    assert environment["KVITTO_CHUNKS_QUEUE"] == "http://127.0.0.1:1/123456789012/kvitto-chunks"
    assert environment["KVITTO_VAULT_KEY"] == "alias/kvitto-vault"
    assert environment["KVITTO_CONFIGURATION_SET"] == "kvitto"
    assert environment["KVITTO_BUCKET"].startswith("kvitto-store")


def test_every_queue_handler_is_wired_as_the_application_template_wires_it() -> None:
    queues = consumer_queues(read_stack(INFRA, ENDPOINTS, parameters=CHOSEN))
    assert {name: url.rsplit("/", 1)[1] for name, url in queues.items()} == {
        "send_confirmations": "kvitto-confirmations",
        "plan_campaigns": "kvitto-plans",
        "send_chunks": "kvitto-chunks",
        "record_ses_events": "kvitto-ses-events",
        "receive_mails": "kvitto-inbound",
        "sequence_ledger": "kvitto-sequencing",
        "build_proofs": "kvitto-proofs",
        "anchor_checkpoints": "kvitto-anchors",
        "evaluate_segments": "kvitto-segments",
        "keep_suppressions": "kvitto-suppressions",
        "import_people": "kvitto-imports",
        "erase_subjects": "kvitto-erasures",
    }

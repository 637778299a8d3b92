# SPDX-License-Identifier: Apache-2.0
"""What the merged template promises an operator who deploys it into a new account."""

import json
import re
import sys
from collections import defaultdict

import pytest

import chalicelib.proof.leaf
import chalicelib.proof.sealing  # noqa: F401  # their errors join the tree when they are imported
from chalicelib.config import Settings
from chalicelib.domain.signals import Signal
from chalicelib.errors import EvidenceError, FatalError
from infra.package import ANY_METHOD
from tests.package.templates import (
    HTTP,
    QUEUE_HANDLERS,
    SCHEDULE_HANDLERS,
    functions,
    lint,
    resources,
    sources,
    walk,
)

DAY = 24 * 3600
STATEFUL = (
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::Serverless::SimpleTable",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::RDS::DBInstance",
)
HOURS_OF_NOTHING_BUT_THROTTLING = 6


def dead_letters(sam):
    return {
        name: resource["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for name, resource in resources(sam, "AWS::SQS::Queue").items()
        if "RedrivePolicy" in resource["Properties"]
    }


def alarms_on(sam, metric):
    return [
        resource["Properties"]
        for resource in resources(sam, "AWS::CloudWatch::Alarm").values()
        if resource["Properties"].get("MetricName") == metric
    ]


def test_cfn_lint_finds_nothing_in_the_merged_template(package):
    assert lint(package / "sam.json") == ""


def test_cfn_lint_would_have_found_a_fault_in_the_merged_template(sam, tmp_path):
    broken = json.loads(json.dumps(sam))
    broken["Resources"]["ChunksQueue"]["Properties"]["VisibilityTimeout"] = "soon"
    broken["Resources"]["SendChunks"]["Properties"]["MemorySizes"] = 512
    (tmp_path / "sam.json").write_text(json.dumps(broken))
    found = lint(tmp_path / "sam.json")
    assert "'soon' is not of type" in found
    assert "MemorySizes" in found


def test_every_handler_is_deployed_and_nothing_else(sam):
    assert set(functions(sam)) == {HTTP, *QUEUE_HANDLERS, *SCHEDULE_HANDLERS}
    assert functions(sam)[HTTP][0] == "APIHandler"


def test_every_function_runs_the_package_on_the_python_that_compiled_it(sam):
    for _, properties in functions(sam).values():
        assert properties["CodeUri"] == "./deployment.zip"
        assert properties["Runtime"] == f"python3.{sys.version_info.minor}"
        assert properties["Tracing"] == "PassThrough"
        assert "Layers" not in properties


def test_every_queue_source_reports_partial_batch_failures(sam):
    found = sources(sam, "SQS")
    assert set(found) == set(QUEUE_HANDLERS)
    for handler, source in found.items():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], handler
        assert source["Queue"] == {"Fn::Sub": f"${{{QUEUE_HANDLERS[handler]}.Arn}}"}
        # Lambda refuses a batch of more than ten that it may not wait a second for.
        assert source["BatchSize"] <= 10 or source["MaximumBatchingWindowInSeconds"] >= 1


def test_every_queue_has_a_dead_letter_queue_that_keeps_the_message_as_long(sam):
    queues = resources(sam, "AWS::SQS::Queue")
    pairs = dead_letters(sam)
    assert set(pairs) == set(QUEUE_HANDLERS.values())
    assert set(queues) == set(pairs) | set(pairs.values())
    assert len(set(pairs.values())) == len(pairs)
    for queue, dead in pairs.items():
        kept = queues[queue]["Properties"]["MessageRetentionPeriod"]
        assert queues[dead]["Properties"]["MessageRetentionPeriod"] >= kept


def test_a_message_is_hidden_for_six_times_as_long_as_its_handler_may_run(sam):
    queues = resources(sam, "AWS::SQS::Queue")
    for handler, queue in QUEUE_HANDLERS.items():
        timeout = functions(sam)[handler][1]["Timeout"]
        assert queues[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout, handler


def test_no_function_reserves_concurrency(sam):
    for name, _ in walk(sam):
        assert name not in {"ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig"}


def test_an_account_of_ten_concurrent_executions_loses_no_work(sam):
    """Each source keeps to the smallest ceiling; throttled work waits hours before it ends."""
    raised = {
        "app.send_chunks": "ChunkConcurrency",
        "app.evaluate_segments": "SegmentConcurrency",
        "app.import_people": "ImportConcurrency",
    }
    for name in raised.values():
        assert sam["Parameters"][name]["Default"] == 2
    for handler, source in sources(sam, "SQS").items():
        ceiling = source["ScalingConfig"]["MaximumConcurrency"]
        assert ceiling == ({"Ref": raised[handler]} if handler in raised else 2), handler
    queues = resources(sam, "AWS::SQS::Queue")
    for queue in QUEUE_HANDLERS.values():
        properties = queues[queue]["Properties"]
        waits = properties["RedrivePolicy"]["maxReceiveCount"] * properties["VisibilityTimeout"]
        assert waits >= HOURS_OF_NOTHING_BUT_THROTTLING * 3600, queue
        assert properties["MessageRetentionPeriod"] >= HOURS_OF_NOTHING_BUT_THROTTLING * 3600


def test_schedules_run_as_designed(sam):
    found = sources(sam, "Schedule")
    assert {handler: source["Schedule"] for handler, source in found.items()} == SCHEDULE_HANDLERS


def test_every_function_logs_to_a_group_that_keeps_at_most_thirty_days(sam):
    groups = resources(sam, "AWS::Logs::LogGroup")
    used = {
        properties["LoggingConfig"]["LogGroup"]["Ref"] for _, properties in functions(sam).values()
    }
    assert used == set(groups)
    assert len(used) == len(functions(sam))
    for group in groups.values():
        assert 1 <= group["Properties"]["RetentionInDays"] <= 30


def test_the_application_stack_holds_nothing_stateful(sam):
    assert not [name for name, item in sam["Resources"].items() if item["Type"] in STATEFUL]


def test_everything_imported_is_exported_by_the_data_stack(sam, data_stack):
    exported = {output["Export"]["Name"]["Fn::Sub"] for output in data_stack["Outputs"].values()}
    imported = {value["Fn::Sub"] for name, value in walk(sam) if name == "Fn::ImportValue"}
    assert imported
    assert imported <= exported


def test_the_names_the_functions_are_given_are_those_of_the_data_stack(sam, data_stack):
    given = sam["Globals"]["Function"]["Environment"]["Variables"]
    names = [
        *(
            item["Properties"]["TableName"]
            for item in resources(data_stack, "AWS::DynamoDB::Table").values()
        ),
        *(
            item["Properties"]["BucketName"]
            for item in resources(data_stack, "AWS::S3::Bucket").values()
        ),
    ]
    for name in names:
        assert name in given.values()
    aliases = {
        item["Properties"]["AliasName"]["Fn::Sub"]
        for item in resources(data_stack, "AWS::KMS::Alias").values()
    }
    for key in ("KVITTO_VAULT_KEY", "KVITTO_ADDRESS_KEY", "KVITTO_LINKS_KEY", "KVITTO_LOG_KEY"):
        assert given[key]["Fn::Sub"].removeprefix("kms:") in aliases
    assert given["KVITTO_LOG_KEY"]["Fn::Sub"].startswith("kms:")


def test_the_environment_completes_the_settings_and_holds_no_more(sam):
    given = sam["Globals"]["Function"]["Environment"]["Variables"]
    values = {name: f"value-of-{name.lower()}" for name in given}
    counts = {
        "KVITTO_SIGNUPS_PER_HOUR": "60",
        "KVITTO_PLAIN_SIGNUPS_PER_HOUR": "11",
        "KVITTO_FORM_SIGNUPS_PER_HOUR": "301",
        "KVITTO_KEEP_UNCONFIRMED_DAYS": "31",
        "KVITTO_KEEP_WAITING_DAYS": "300",
        "KVITTO_KEEP_ORDERS_DAYS": "900",
        "KVITTO_VAULT_RECOVERY_DAYS": "6",
        "KVITTO_BULK_FROM": "4000",
    }
    values |= counts | {
        "KVITTO_BASE_URL": "https://news.example.org",
        "KVITTO_TSA_URL": "https://tsa.example.org/stamp",
        "KVITTO_INBOUND_DOMAIN": "leave.example.org",
        "KVITTO_SEND_MODE": "single",
        "KVITTO_DNS_SERVER": "[2001:db8::1]:53",
    }
    settings = Settings.from_env(values)
    read = {getattr(settings, name) for name in Settings.__dataclass_fields__}
    assert {value for name, value in values.items() if name not in counts} <= read
    assert {int(value) for value in counts.values()} <= read
    for _, properties in functions(sam).values():
        assert "Environment" not in properties


@pytest.mark.parametrize(
    "refused",
    [
        "http://news.example.org",
        "https://abc123.execute-api.eu-north-1.amazonaws.com",
        "https://news.example.org/",
        "https://news.example.org/api",
    ],
)
def test_the_public_address_is_an_own_domain_without_a_path(sam, refused):
    pattern = sam["Parameters"]["BaseUrl"]["AllowedPattern"]
    assert re.fullmatch(pattern, "https://news.example.org")
    assert not re.fullmatch(pattern, refused)


def test_what_outlives_a_deployment_has_no_default(sam):
    for name in ("BaseUrl", "LedgerOrigin", "Controller"):
        assert "Default" not in sam["Parameters"][name]


def test_no_password_or_secret_is_a_parameter(sam):
    for name, parameter in sam["Parameters"].items():
        assert not re.search("(?i)password|secret|token", name)
        assert "NoEcho" not in parameter


def test_provider_events_and_received_mails_are_encrypted_and_gone_after_four_days(sam):
    key = {"Fn::ImportValue": {"Fn::Sub": "${Prefix}-events-key-arn"}}
    for name in ("SesEventsTopic", "InboundTopic"):
        assert sam["Resources"][name]["Properties"]["KmsMasterKeyId"] == key
    for name in ("SesEventsQueue", "SesEventsDeadLetters", "InboundQueue", "InboundDeadLetters"):
        queue = sam["Resources"][name]["Properties"]
        assert queue["KmsMasterKeyId"] == key
        assert queue["MessageRetentionPeriod"] <= 4 * DAY
    for queue in resources(sam, "AWS::SQS::Queue").values():
        assert (
            "KmsMasterKeyId" in queue["Properties"] or queue["Properties"]["SqsManagedSseEnabled"]
        )


def test_opens_and_clicks_are_never_asked_of_the_provider(sam):
    declared = resources(sam, "AWS::SES::ConfigurationSetEventDestination").values()
    sets = resources(sam, "AWS::SES::ConfigurationSet")
    of = [events["Properties"]["ConfigurationSetName"]["Ref"] for events in declared]
    assert sorted(of) == sorted(sets)
    for events in declared:
        destination = events["Properties"]["EventDestination"]
        assert set(destination["MatchingEventTypes"]) == {
            "send",
            "delivery",
            "bounce",
            "complaint",
            "reject",
            "deliveryDelay",
            "renderingFailure",
            "subscription",
        }
        assert destination["SnsDestination"] == {"TopicARN": {"Ref": "SesEventsTopic"}}
    for configuration in sets.values():
        assert "TrackingOptions" not in configuration["Properties"]


def test_ses_own_list_keeps_away_every_mail_but_answers_to_the_person(sam):
    """An empty list is a choice of its own: without it the account's would count."""
    reasons = {
        name: item["Properties"]["SuppressionOptions"]["SuppressedReasons"]
        for name, item in resources(sam, "AWS::SES::ConfigurationSet").items()
    }
    assert reasons == {
        "ConfigurationSet": ["BOUNCE", "COMPLAINT"],
        "AnswersConfigurationSet": [],
    }
    given = sam["Globals"]["Function"]["Environment"]["Variables"]
    answers = sam["Resources"]["AnswersConfigurationSet"]["Properties"]["Name"]
    assert given["KVITTO_ANSWERS_CONFIGURATION_SET"] == answers


@pytest.mark.parametrize(
    ("name", "source"), [("SesEvents", ":configuration-set/"), ("Inbound", ":receipt-rule-set/")]
)
def test_only_our_own_of_ses_publishes_and_only_our_topic_delivers(sam, name, source):
    topic = sam["Resources"][f"{name}TopicPolicy"]["Properties"]
    (statement,) = topic["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
    only = statement["Condition"]["StringEquals"]
    assert set(only) == {"aws:SourceAccount", "aws:SourceArn"}
    sources = only["aws:SourceArn"]
    for one in sources if isinstance(sources, list) else [sources]:
        assert source in one["Fn::Sub"]
    queue = sam["Resources"][f"{name}QueuePolicy"]["Properties"]
    (statement,) = queue["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": f"{name}Topic"}}}
    subscription = sam["Resources"][f"{name}Subscription"]["Properties"]
    assert subscription["RawMessageDelivery"] is True
    assert subscription["Protocol"] == "sqs"
    assert len(resources(sam, "AWS::SNS::Subscription")) == 2
    assert len(resources(sam, "AWS::SNS::TopicPolicy")) == 2
    assert len(resources(sam, "AWS::SQS::QueuePolicy")) == 2


def test_a_received_mail_is_told_of_without_its_content_and_only_for_the_inbound_domain(sam):
    """The SNS action would carry the whole mail; a notice of the stop action does not."""
    (rule,) = resources(sam, "AWS::SES::ReceiptRule").values()
    assert rule["Condition"] == "HasInbound"
    (action,) = rule["Properties"]["Rule"]["Actions"]
    assert action == {"StopAction": {"Scope": "RuleSet", "TopicArn": {"Ref": "InboundTopic"}}}
    assert rule["Properties"]["Rule"]["Recipients"] == [{"Ref": "InboundDomain"}]
    assert sam["Parameters"]["InboundDomain"]["Default"] == ""


def test_the_gateway_keeps_no_log_of_addresses_or_links(sam):
    api = sam["Resources"]["RestAPI"]["Properties"]
    assert "AccessLogSetting" not in api
    for setting in api["MethodSettings"]:
        assert setting["LoggingLevel"] == "OFF"
        assert setting["DataTraceEnabled"] is False
    assert api["TracingEnabled"] is False


def test_the_api_answers_on_the_own_domain_without_a_stage(sam):
    api = sam["Resources"]["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
    assert api["DisableExecuteApiEndpoint"] == {"Fn::If": ["HasDomain", True, False]}
    mapping = sam["Resources"]["ApiDomainMapping"]["Properties"]
    assert "BasePath" not in mapping


def test_a_route_says_its_operation_once_for_every_method(sam):
    paths = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert len(paths) > 50
    for path, operations in paths.items():
        assert list(operations) == [ANY_METHOD], path
        assert operations[ANY_METHOD]["x-amazon-apigateway-integration"]["type"] == "aws_proxy"


def test_the_template_leaves_half_of_what_cloudformation_takes(sam):
    assert len(json.dumps(sam)) < 500_000


def test_what_the_gateway_answers_by_itself_is_a_friendly_problem(sam):
    answers = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ]
    expected = {
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "RESOURCE_NOT_FOUND": "404",
        "BAD_REQUEST_BODY": "400",
        "REQUEST_TOO_LARGE": "413",
        "UNSUPPORTED_MEDIA_TYPE": "415",
        "THROTTLED": "429",
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
    }
    for kind, status in expected.items():
        assert answers[kind].get("statusCode") == status
    for answer in answers.values():
        headers = answer["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'"
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert str(problem.get("status")) == str(answer.get("statusCode"))
        assert problem["title"]
        assert problem["detail"].endswith(".")


def test_every_dead_letter_queue_and_every_function_has_an_alarm(sam):
    watched = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in alarms_on(sam, "ApproximateNumberOfMessagesVisible")
    }
    assert watched == set(dead_letters(sam).values())
    names = {name for name, _ in functions(sam).values()}
    assert {alarm["Dimensions"][0]["Value"]["Ref"] for alarm in alarms_on(sam, "Errors")} == names
    throttles = [
        [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]
        for name in ("ThrottlesAlarm", "ScheduleThrottlesAlarm")
        for alarm in [sam["Resources"][name]["Properties"]]
    ]
    assert max(len(metrics) for metrics in throttles) <= 10
    assert {
        metric["Dimensions"][0]["Value"]["Ref"] for metrics in throttles for metric in metrics
    } == names
    age = sam["Resources"]["SequencingAgeAlarm"]["Properties"]
    assert age["Threshold"] <= 300
    for alarm in resources(sam, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_every_class_of_broken_evidence_raises_the_evidence_alarm(sam):
    """A handler that hands a record back reports no function error: the log line is the signal."""

    def family(kind):
        return {kind.__name__}.union(*(family(child) for child in kind.__subclasses__()))

    filters = [
        item["Properties"]
        for item in resources(sam, "AWS::Logs::MetricFilter").values()
        if item["Properties"]["MetricTransformations"][0]["MetricName"] == "EvidenceFailures"
    ]
    assert len(filters) == 10
    for alarmed in filters:
        named = set(re.findall(r'\$\.error = "(\w+)"', alarmed["FilterPattern"]))
        assert named == family(EvidenceError) | family(FatalError)
    watched = {
        item["Properties"]["LogGroupName"]["Ref"]
        for item in resources(sam, "AWS::Logs::MetricFilter").values()
        if item["Properties"]["FilterPattern"] == '{ $.level = "ERROR" }'
    }
    assert watched == set(resources(sam, "AWS::Logs::LogGroup"))


SIGNALLING = {
    "chunk_failed": {"SendChunksLog"},
    "held": {"SendChunksLog"},
    "single_mode": {"SendChunksLog"},
    "breaker": {"RecordSesEventsLog", "AdvanceCampaignsLog"},
}
"""Who says each signal."""


def test_what_the_sender_says_of_itself_raises_an_alarm_of_its_own(sam):
    """The log line is JSON with the member ``signal``; its words may change."""
    alarmed, logs = {}, defaultdict(set)
    for item in resources(sam, "AWS::Logs::MetricFilter").values():
        found = re.fullmatch(r'{ \$\.signal = "(\w+)" }', item["Properties"]["FilterPattern"])
        if found:
            logs[found[1]].add(item["Properties"]["LogGroupName"]["Ref"])
            (metric,) = item["Properties"]["MetricTransformations"]
            assert metric["MetricNamespace"] == {"Ref": "Prefix"}
            assert alarmed.setdefault(found[1], metric["MetricName"]) == metric["MetricName"]
    assert set(alarmed) == {signal.value for signal in Signal}
    assert logs == SIGNALLING
    for metric in alarmed.values():
        (alarm,) = alarms_on(sam, metric)
        assert alarm["Namespace"] == {"Ref": "Prefix"}
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)


def test_every_alarm_is_explained_to_the_operator(sam, request):
    text = (request.config.rootpath / "docs" / "operations.md").read_text()
    for alarm in resources(sam, "AWS::CloudWatch::Alarm").values():
        name = alarm["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${Prefix}-")
        family = (
            name if f"`{name}`" in text else re.sub(r"^.*(?=-dlq-not-empty|-errors)", "*", name)
        )
        assert f"`{family}`" in text, name

# SPDX-License-Identifier: Apache-2.0
"""Every benchmark runs at a tiny size and prints lines that can be read; none judges a time."""

import io
import json
import zipfile

import pytest

from infra.bench import __main__ as bench
from infra.bench import alike, campaign_rate, peers, prices
from infra.bench.campaign_rate import most_over
from infra.bench.capacity import item_bytes, read_units, write_units
from infra.bench.conditions import met
from infra.bench.line import Line, page_html
from infra.bench.null_dynamo import ConditionFailedError, NullDynamo
from infra.bench.proofs import whole_bundle

TINY = {
    "event_building": 3,
    "sequencing": 5,
    "journeys": 2,
    "alike": 2,
    "event_order": 2,
    "segment_evaluation": 5,
    "segment_plan": 40,
    "campaign": 3,
    "campaign_on_aws": 3,
    "campaign_measured": 3,
    "campaign_single": 3,
    "campaign_stream": 3,
    "ses_events": 3,
    "ses_calls": 2,
    "campaign_rate": 6,
    "import_rows": 150,
    "import_on_aws": 30,
    "proof_reads": 10,
    "verifier": 4,
    "cold_start": 1,
}
ELSEWHERE = {"peers"}
"""Needs a package registry."""
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


@pytest.fixture(scope="module")
def lines():
    """The lines of every benchmark, made once: most of a tiny run is starting."""
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr(campaign_rate, "QUOTAS", (50,))
        smaller.setattr(campaign_rate, "LATENCIES_MS", (5,))
        smaller.setattr(campaign_rate, "WARM_S", 0.5)
        smaller.setattr(campaign_rate, "REST_S", 0.1)
        return {name: list(bench.BENCHES[name][0](size)) for name, size in TINY.items()}


def test_every_benchmark_but_those_of_others_is_tried():
    assert TINY.keys() | ELSEWHERE == bench.BENCHES.keys()


@pytest.mark.parametrize("name", sorted(TINY))
def test_a_benchmark_prints_valid_lines(lines, name):
    assert lines[name]
    for line in lines[name]:
        found = json.loads(line.encode())
        assert {"bench", "value", "unit", "n"} <= found.keys()
        assert found["value"] > 0
        assert "\n" not in line.encode()
        assert ("floor" in found) == ("ratio" in found) == ("floor_is" in found)


def test_no_line_holds_a_verdict(lines):
    for each in (line for found in lines.values() for line in found):
        words = json.loads(each.encode()).keys()
        assert not words & {"ok", "pass", "passed", "fail", "target", "verdict"}


def test_a_plain_sign_up_is_ten_requests_and_one_of_them_changes_the_ledger(lines):
    (line,) = (line for line in lines["journeys"] if line.bench == "journey.sign_up")
    assert line.calls["dynamodb.TransactWriteItems"] == 1
    assert line.calls["kms.GenerateMac"] == 1
    assert line.calls["sqs.SendMessage"] == 1
    assert sum(line.calls.values()) == line.more["requests"] == 10


def test_nobody_is_told_apart_by_the_answer_or_the_calls_of_a_sign_up(lines):
    """Promise 9; the times are for people to look at."""
    assert [line.bench.partition(".")[2] for line in lines["alike"]] == list(alike.KINDS)
    for line in lines["alike"]:
        assert line.more["answers_as_unknown"]
        assert line.more["calls_as_unknown"]
        assert len(line.more["answer_bytes"]) == line.more["call_sequences"] == 1


def test_an_order_is_one_transaction_of_four_rows_and_finds_its_person_by_mac(lines):
    (line,) = lines["event_order"]
    assert line.calls["dynamodb.TransactWriteItems"] == line.calls["kms.GenerateMac"] == 1
    assert line.more["write_units"] == 8
    assert line.more["port_calls"]["FactStore.keep"] == 1


@pytest.mark.parametrize("name", ["segment_evaluation", "segment_plan"])
def test_a_segment_is_five_clauses_over_three_kinds_of_facts_in_800_bytes(lines, name):
    (line,) = lines[name]
    assert line.more["clauses"] == 5
    assert len(line.more["kinds_of_facts"]) == 3
    assert line.more["plaintext_bytes"] == 800


def test_planning_by_segment_reads_each_shard_of_both_tables_once(lines):
    (line,) = lines["segment_plan"]
    assert line.calls.keys() == {"dynamodb.Query"}
    assert line.calls["dynamodb.Query"] * line.n == 2 * 16


def test_welchs_t_is_that_of_the_worked_example():
    """By hand: (2 - 4) / sqrt(1/3 + 4/3)."""
    assert alike.welch_t([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]) == pytest.approx(-1.549193)
    assert alike.welch_t([1.0, 1.0], [1.0, 1.0]) == 0


def test_a_bundle_reads_a_few_objects_of_the_log_and_the_persons_own(lines):
    (line,) = lines["proof_reads"]
    assert 3 <= line.value <= line.more["reads"] <= 12
    assert line.more["own_reads"] > 0


def test_the_measured_bundle_holds_exactly_the_entries_asked_for():
    for size in (4, 9):
        data, _ = whole_bundle(size)
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            names = opened.namelist()
        assert len([x for x in names if x.startswith("events/") and ".leaf" in x]) == size
        assert {x.partition("/")[0] for x in names} >= {"anchors", "mails", "privacy"}


def test_every_recipient_costs_a_delivery_row_and_every_chunk_an_ses_call(lines):
    line = lines["campaign_on_aws"][0]
    assert line.more["write_units_per_recipient"] > 1
    assert line.more["ses_calls_per_chunk"] == 1
    assert line.more["log_lines_per_recipient"] > 0
    assert line.calls["ses.SendBulkEmail"] * line.n == line.more["chunks"]


def test_one_by_one_a_mail_is_an_ses_call(lines):
    (line,) = lines["campaign_single"]
    assert line.calls["ses.SendEmail"] == 1
    assert "ses.SendBulkEmail" not in line.calls


def test_who_is_measured_gets_a_longer_mail_and_no_more_calls(lines):
    (measured,), plain = lines["campaign_measured"], lines["campaign_on_aws"][0]
    assert measured.more["bytes_per_mail_to_ses"] > plain.more["bytes_per_mail_to_ses"]
    assert measured.more["requests_per_recipient"] == plain.more["requests_per_recipient"]


def test_a_million_recipients_are_priced_at_each_quota_with_their_waiting(lines):
    slow, fast = lines["campaign_on_aws"][1:]
    assert [line.more["per_second"] for line in (slow, fast)] == [50, 500]
    assert slow.more["workers"] == 2
    assert slow.more["exceptional_usd"] > 0
    held_gb_s = slow.more["sender_gb"] * 2 / 50
    assert slow.more["terms"]["lambda.gb_s"]["each"] >= held_gb_s


def test_every_delivery_is_folded_and_none_asks_for_a_row_of_its_own(lines):
    (line,) = lines["campaign_stream"]
    assert line.more["events"] == 2 * line.n
    assert line.calls.keys() <= {"dynamodb.UpdateItem"}
    assert line.more["terms"]["sns.publish"]["each"] == 2


def test_the_rate_is_measured_where_ses_is_and_never_above_the_account(lines):
    (line,) = lines["campaign_rate"]
    assert line.n > 0
    assert line.more["call_recipients"] <= line.more["per_second"] == 50


@pytest.mark.parametrize(
    ("arrivals", "over"),
    [
        ([(0.0, 50)], 0.0),
        ([(0.0, 50), (1.0, 50), (2.0, 50)], 50.0),
        ([(0.0, 50), (0.9, 50), (1.8, 50)], 60.0),
        ([(0.0, 10), (0.5, 10), (9.0, 10)], -30.0),
    ],
)
def test_a_window_of_a_second_or_more_is_held_against_the_quota(arrivals, over):
    """By hand: what came from one arrival to another, less 50 for each second between them."""
    assert most_over(arrivals, 50) == pytest.approx(over)


def test_without_a_registry_the_peer_has_no_figure_and_the_line_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "HOME", tmp_path / "peer")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (line,) = peers.peers(3)
    assert line.value == 0
    assert line.more["problem"] == "pip found no such package, or could not install it"


@pytest.mark.parametrize(("name", "index"), [("journeys", -1), ("campaign_on_aws", -1)])
def test_a_cost_shows_the_terms_of_its_sum_and_leaves_out_the_fee_of_ses(lines, name, index):
    line = lines[name][index]
    terms = line.more["terms"]
    assert line.value == pytest.approx(sum(term["usd"] for term in terms.values()))
    for item, term in terms.items():
        assert term["usd"] == pytest.approx(term["each"] * prices.USD_PER_MILLION[item])
    assert not any(item.startswith("ses") for item in terms)


def test_the_campaign_is_24_kb_with_27_links_and_the_name_of_the_reader():
    html = page_html()
    assert 23 * 1024 < len(html) <= 24 * 1024 + 200
    assert html.count("<a href=") == 27
    assert "{{ first_name" in html


def test_figures_are_cut_to_four_digits_and_absent_ones_left_out():
    line = Line(bench="x", value=1.23456, unit="s", n=1, floor=2.0, floor_is="y")
    assert json.loads(line.encode()) == {
        "bench": "x",
        "value": 1.235,
        "unit": "s",
        "n": 1,
        "floor": 2,
        "floor_is": "y",
        "ratio": 0.6173,
    }


@pytest.mark.parametrize(
    ("size", "plain", "transaction"), [(0, 1, 2), (1024, 1, 2), (1025, 2, 4), (4000, 4, 8)]
)
def test_a_write_costs_a_unit_a_kib_and_twice_that_in_a_transaction(size, plain, transaction):
    assert write_units(size) == plain
    assert write_units(size, transaction=True) == transaction


def test_a_strong_read_costs_twice_an_eventual_one_and_items_are_rounded_one_by_one():
    assert read_units([1, 4096, 4097], strong=True) == 4
    assert read_units([1, 4096, 4097], strong=False) == 2


def test_an_item_is_its_names_and_values():
    """Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats"."""
    assert item_bytes({"pk": {"S": "åb"}}) == 2 + 3
    assert item_bytes({"n": {"N": "1234"}, "b": {"B": "AAEC"}, "t": {"BOOL": True}}) == 4 + 4 + 2
    assert item_bytes({"l": {"L": [{"S": "ab"}]}, "m": {"M": {"k": {"S": "v"}}}}) == 7 + 7


def test_the_null_table_keeps_what_updates_say_and_bills_the_larger_of_old_and_new():
    table = NullDynamo()
    table.answer("PutItem", {"TableName": "t", "Item": {**KEY, "old": {"S": "x" * 1500}}})
    change = {
        "TableName": "t",
        "Key": KEY,
        "UpdateExpression": "SET #n = :n, seen = :one ADD count :one REMOVE old",
        "ExpressionAttributeNames": {"#n": "name"},
        "ExpressionAttributeValues": {":n": {"S": "new"}, ":one": {"N": "1"}},
    }
    for _ in range(2):
        table.answer("UpdateItem", change)
    found = table.answer("GetItem", {"TableName": "t", "Key": KEY, "ConsistentRead": True})
    one = {"N": "1"}
    assert found["Item"] == {**KEY, "name": {"S": "new"}, "seen": one, "count": {"N": "2"}}
    assert table.units == {"write": 2 + 2 + 1, "read": 1}


def test_the_null_table_pages_a_query_by_key_range():
    table = NullDynamo()
    for number in range(5):
        item = {"pk": {"S": "a"}, "sk": {"S": f"E#{number}"}, "v": {"N": "1"}}
        table.answer("PutItem", {"TableName": "t", "Item": item})
    request = {
        "TableName": "t",
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":pk": {"S": "a"},
            ":first": {"S": "E#1"},
            ":last": {"S": "E#3"},
        },
        "ProjectionExpression": "sk",
        "Limit": 2,
    }
    page = table.answer("Query", request)
    assert page["Items"] == [{"sk": {"S": "E#1"}}, {"sk": {"S": "E#2"}}]
    rest = table.answer("Query", {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]})
    assert rest["Items"] == [{"sk": {"S": "E#3"}}]
    assert "LastEvaluatedKey" not in rest


RATE_ROW = {"v": {"N": "1"}, "free_us": {"N": "40"}, "note": {"S": "b"}}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_not_exists(v) OR v = :v", True),
        ("(attribute_not_exists(v) OR v = :v) AND free_us < :now", False),
        ("free_us >= :now AND attribute_exists(#n)", True),
        ("NOT free_us >= :now OR v <> :v", False),
        ("missing < :now", False),
        ("#n > :a", True),
        ("v = :v AND free_us IN (:v, :now)", True),
        ("missing IN (:v) OR #n IN (:a)", False),
    ],
)
def test_where_conditions_are_kept_an_update_needs_its_own(condition, holds):
    table = NullDynamo()
    table.checks = True
    table.answer("PutItem", {"TableName": "t", "Item": {**KEY, **RATE_ROW}})
    change = {
        "TableName": "t",
        "Key": KEY,
        "UpdateExpression": "SET seen = :v",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#n": "note"},
        "ExpressionAttributeValues": {":v": {"N": "1"}, ":now": {"N": "40"}, ":a": {"S": "a"}},
    }
    if holds:
        table.answer("UpdateItem", change)
        return
    with pytest.raises(ConditionFailedError) as refused:
        table.answer("UpdateItem", change)
    assert refused.value.args[0] == {**KEY, **RATE_ROW}


def test_where_conditions_are_kept_a_put_needs_its_own_too():
    table = NullDynamo()
    table.checks = True
    new = {"TableName": "t", "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}
    table.answer("PutItem", new)
    with pytest.raises(ConditionFailedError):
        table.answer("PutItem", new)


def test_rows_are_found_by_how_their_keys_begin():
    table = NullDynamo()
    for name in ("J", "L#c1-00", "L#r-00", "L#r-01"):
        item = {"pk": {"S": "a"}, "sk": {"S": name}}
        table.answer("PutItem", {"TableName": "t", "Item": item})
    asked = {
        "TableName": "t",
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :lanes)",
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":lanes": {"S": "L#r-"}},
    }
    found = table.answer("Query", asked)["Items"]
    assert [item["sk"]["S"] for item in found] == ["L#r-00", "L#r-01"]


def test_an_import_writes_several_people_a_transaction_and_a_repeat_costs_next_to_nothing(lines):
    (rows,) = lines["import_rows"]
    assert rows.more["people_per_transaction"] > 1
    assert rows.more["rows_per_transaction"] <= 99
    (cost,) = lines["import_on_aws"]
    assert cost.calls["kms.GenerateMac"] == pytest.approx(1, abs=0.1)
    assert cost.more["same_file_again_usd"] < cost.more["every_row_known_usd"] < cost.value
    assert sum(term["usd"] for term in cost.more["terms"].values()) == pytest.approx(cost.value)


@pytest.mark.parametrize("condition", ["contains(v, :v)", "size(v) > :v", "v IN :v", "v = :v v"])
def test_a_condition_the_null_table_does_not_know_is_an_error(condition):
    with pytest.raises((KeyError, IndexError)):
        met({"ConditionExpression": condition, "ExpressionAttributeValues": {":v": {"N": "1"}}}, {})


def test_the_null_table_adds_to_sets_of_numbers():
    table = NullDynamo()
    for number in ("1", "2", "1"):
        change = {
            "TableName": "t",
            "Key": KEY,
            "UpdateExpression": "ADD places :p",
            "ExpressionAttributeValues": {":p": {"NS": [number]}},
        }
        table.answer("UpdateItem", change)
    found = table.answer("GetItem", {"TableName": "t", "Key": KEY})
    assert found["Item"]["places"] == {"NS": ["1", "2"]}
    assert item_bytes({"p": {"NS": ["1", "20"]}}) == 1 + 2 + 2


def test_an_operation_the_null_table_does_not_know_is_an_error():
    with pytest.raises(KeyError):
        NullDynamo().answer("Scan", {"TableName": "t"})

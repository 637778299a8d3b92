# SPDX-License-Identifier: Apache-2.0
"""Imports over the API: how a file gets in, what is told of it, and who may run it."""

import json
from hashlib import sha256

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.import_statement import MAX_DOCUMENTS
from chalicelib.entrypoints.exchange import MAX_FILE_BYTES, OCTETS
from tests.support.import_uploads import FORM_WITH_FILE, LIST, STATEMENT, form_with_file

IMPORTS = "/api/v1/imports"
NEW = {"brand": "demo", "list": "newsletter"}
BYTES = {"Content-Type": OCTETS}
FORM = {"Content-Type": FORM_WITH_FILE}


def sent(api, world, file=LIST, **asked):
    """The address of an import whose file was read and checked."""
    reply = api.post(IMPORTS, form_with_file(NEW | asked, file), headers=FORM)
    assert reply.status == 202, reply.text
    world.settle()
    return f"{IMPORTS}/{reply.json['id']}"


def begun(api, **asked):
    """The address of an import that waits for its parts."""
    reply = api.post(IMPORTS, json=NEW | asked)
    assert reply.status == 201, reply.text
    return reply.headers["location"]


class TestAFileInOneCall:
    def test_it_is_accepted_and_goes_on_by_itself_to_its_preview(self, api, world):
        reply = api.post(IMPORTS, form_with_file(NEW), headers=FORM)
        assert (reply.status, reply.json["status"]) == (202, "pending")
        assert reply.headers["location"] == f"{IMPORTS}/{reply.json['id']}"
        world.settle()
        seen = api.get(reply.headers["location"]).json
        assert seen["stage"] == "preview"
        by_country = {each["country"]: each for each in seen["preview"]["countries"]}
        assert by_country["SE"]["why"] == {"consent": 1, "opted-out": 1}
        assert by_country["DE"]["why"] == {"weak-evidence": 1}
        assert seen["rejected"] == {"malformed_address": 1}
        assert seen["preview"]["written"] is False
        assert seen["form_link"] == "https://mail.example.org/forms/demo"

    def test_no_cell_of_the_file_is_in_any_answer(self, api, world):
        there = sent(api, world)
        told = api.get(there).text + api.get(IMPORTS).text + api.get(f"{there}/rejected").text
        for cell in ("mailed@", "waits@", "no address", "192.0.2.1", "list.csv"):
            assert cell not in told

    def test_a_repeat_under_its_key_is_known_between_other_boundaries(self, api):
        headers = FORM | {"Idempotency-Key": "one"}
        first = api.post(IMPORTS, form_with_file(NEW), headers=headers)
        other = headers | {"Content-Type": "multipart/form-data; boundary=another"}
        again = api.post(IMPORTS, form_with_file(NEW, boundary="another"), headers=other)
        assert (again.status, again.json) == (202, first.json)
        assert again.headers["idempotency-replayed"] == "true"
        assert len(api.get(IMPORTS).json["items"]) == 1
        changed = api.post(IMPORTS, form_with_file(NEW, LIST + b"\n"), headers=headers)
        assert (changed.status, changed.json["code"]) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize(
        ("fields", "file", "errors"),
        [
            (NEW, None, {"file": "missing"}),
            ({"list": "newsletter"}, LIST, {"brand": "missing"}),
            (NEW | {"mode": "all"}, LIST, {"mode": "not_one_of"}),
            (NEW | {"colour": "red"}, LIST, {"colour": "unknown"}),
            (NEW | {"file": "x"}, LIST, {}),
        ],
    )
    def test_fields_are_held_to_their_schema(self, api, fields, file, errors):
        reply = api.post(IMPORTS, form_with_file(fields, file), headers=FORM)
        found = {each["field"]: each["code"] for each in reply.json.get("errors", ())}
        assert (reply.status, found) == (422 if errors else 202, errors)

    def test_a_file_over_four_mebibytes_is_refused_in_words(self, api):
        body = form_with_file(NEW, b"x" * (MAX_FILE_BYTES + 1))
        reply = api.post(IMPORTS, body, headers=FORM)
        assert (reply.status, reply.json["code"]) == (413, "too_large")
        assert "4096 kB" in reply.json["detail"]
        assert api.get(IMPORTS).json["items"] == []

    def test_another_type_is_refused_by_naming_those_that_are_read(self, api):
        reply = api.post(IMPORTS, LIST, headers={"Content-Type": "text/csv"})
        assert (reply.status, reply.json["code"]) == (415, "wrong_media_type")
        assert "application/json or multipart/form-data" in reply.json["detail"]

    @pytest.mark.parametrize("body", [b"", b"--x", form_with_file(NEW)[:-8]])
    def test_half_a_form_is_unreadable(self, api, body):
        assert api.post(IMPORTS, body, headers=FORM).status == 400

    def test_a_file_that_is_no_list_says_so_and_ends_the_import(self, api, world):
        seen = api.get(sent(api, world, b"PK\x03\x04 but no ZIP")).json
        assert (seen["status"], seen["stage"]) == ("failed", "failed")
        assert seen["problem_code"] == "damaged_zip"
        assert "Nothing was imported." in seen["problem"]

    def test_the_same_file_again_is_the_same_import(self, api, world):
        there = sent(api, world)
        assert api.post(f"{there}/run", json=STATEMENT).status == 202
        world.settle()
        again = api.get(sent(api, world)).json
        assert (again["stage"], again["same_as"]) == ("done", there.rpartition("/")[2])


class TestParts:
    def test_they_come_in_any_order_and_a_repeat_replaces(self, api, world):
        there = begun(api)
        half = len(LIST) // 2
        for number, data in ((2, LIST[half:]), (1, b"wrong"), (1, LIST[:half])):
            path = f"{there}/parts/{number}"
            assert api.ask("PUT", path, data, headers=BYTES).status == 204
        told = {"parts": 2, "sha256": sha256(LIST).hexdigest()}
        reply = api.post(f"{there}/uploaded", json=told)
        assert (reply.status, reply.json["stage"]) == (202, "reading")
        world.settle()
        seen = api.get(there).json
        assert (seen["stage"], seen["rows"]) == ("preview", 4)

    def test_a_missing_part_is_a_conflict_and_another_file_a_failure(self, api, world):
        there = begun(api)
        api.ask("PUT", f"{there}/parts/1", LIST, headers=BYTES)
        reply = api.post(f"{there}/uploaded", json={"parts": 2})
        assert (reply.status, "Part 2" in reply.json["detail"]) == (409, True)
        told = {"parts": 1, "sha256": sha256(b"other").hexdigest()}
        assert api.post(f"{there}/uploaded", json=told).status == 202
        world.settle()
        assert api.get(there).json["problem_code"] == "other_file"

    @pytest.mark.parametrize("number", ["0", "257", "x", "01", "9" * 200, "-1"])
    def test_a_part_has_a_number_from_1_to_256(self, api, number):
        there = begun(api)
        reply = api.ask("PUT", f"{there}/parts/{number}", LIST, headers=BYTES)
        assert reply.status == 404

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            (b"", BYTES, 422),
            (LIST, {}, 415),
            (LIST, {"Content-Type": "text/csv"}, 415),
            (b"x" * (MAX_FILE_BYTES + 1), BYTES, 413),
            (b"x" * MAX_FILE_BYTES, BYTES, 204),
        ],
    )
    def test_a_part_is_bytes_and_has_a_limit(self, api, body, headers, status):
        there = begun(api)
        assert api.ask("PUT", f"{there}/parts/1", body, headers=headers).status == status

    def test_nothing_is_added_to_a_file_that_is_whole(self, api, world):
        there = sent(api, world)
        assert api.ask("PUT", f"{there}/parts/2", LIST, headers=BYTES).status == 409
        assert api.post(f"{there}/uploaded", json={"parts": 1}).status == 409


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"list": "none"}, 404),
            ({"brand": "none"}, 404),
            ({"purposes": ["measurement"]}, 422),
            ({"zone": "Mars/Olympus"}, 422),
            ({"basis": "soft-opt-in"}, 422),
            ({"objection_at": "2024-01-01T00:00:00Z"}, 422),
            ({"columns": {"colour": "shade"}}, 422),
        ],
    )
    def test_what_is_not_possible_is_refused_before_a_file_comes(self, api, asked, status):
        assert api.post(IMPORTS, json=NEW | asked).status == status
        assert api.get(IMPORTS).json["items"] == []

    def test_a_mapping_reads_and_checks_again(self, api, world):
        there = sent(api, world)
        said = {"columns": {"status": ""}, "keep": ["colour"]}
        assert api.ask("PUT", f"{there}/mapping", json=said).status == 202
        world.settle()
        seen = api.get(there).json
        columns = {each["header"]: each["as"] for each in seen["tables"][0]["columns"]}
        assert (columns["status"], columns["colour"]) == ("", "keep")
        assert {each["country"]: each["mail"] for each in seen["preview"]["countries"]}["SE"] == 2

    @pytest.mark.parametrize(
        "said", [{}, {"columns": {"size": "tags"}}, {"columns": {"email": ""}}, {"zone": "x"}]
    )
    def test_a_mapping_that_cannot_be_used_changes_nothing(self, api, world, said):
        there = sent(api, world)
        before = api.get(there).json
        assert api.ask("PUT", f"{there}/mapping", json=said).status == 422
        assert api.get(there).json == before

    def test_dates_that_could_be_two_days_are_asked_about(self, api, world):
        rows = b"email,optin_time,optin_ip,country\na@example.org,03-04-2024,192.0.2.1,SE\n"
        there = sent(api, world, rows)
        assert api.get(there).json["asks"] == ["dates"]
        api.ask("PUT", f"{there}/mapping", json={"dates": "day-first"})
        world.settle()
        seen = api.get(there).json
        assert (seen["asks"], seen["dates"]) == ([], "day-first")


class TestDocuments:
    def test_one_is_kept_and_the_preview_made_again_by_it(self, api, world):
        there = sent(api, world)
        reply = api.post(f"{there}/documents?kind=wording", b"%PDF-1.7", headers=BYTES)
        kept = {"kind": "wording", "sha256": sha256(b"%PDF-1.7").hexdigest(), "bytes": 8}
        assert (reply.status, reply.json) == (201, kept)
        assert api.get(there).json["stage"] == "checking"
        world.settle()
        assert api.get(there).json["documents"] == [kept]

    @pytest.mark.parametrize(
        ("query", "data"), [("", b"text"), ("?kind=poem", b"text"), ("?kind=other", b"\x00\xff")]
    )
    def test_one_without_a_kind_or_that_nobody_can_read_is_refused(self, api, world, query, data):
        there = sent(api, world)
        assert api.post(f"{there}/documents{query}", data, headers=BYTES).status == 422

    def test_there_are_ten_at_most(self, api, world):
        there = sent(api, world)
        found = []
        for n in range(MAX_DOCUMENTS + 1):
            reply = api.post(f"{there}/documents?kind=other", b"text %d" % n, headers=BYTES)
            found.append(reply.status)
            world.settle()
        assert found == [201] * MAX_DOCUMENTS + [422]


class TestTheRun:
    def test_it_needs_somebody_who_answers_for_it(self, api, world):
        there = sent(api, world)
        for body in (
            STATEMENT | {"confirmed": False},
            STATEMENT | {"name": " "},
            {"confirmed": True},
            STATEMENT | {"source": "found"},
        ):
            assert api.post(f"{there}/run", json=body).status == 422
        reply = api.post(f"{there}/run", json=STATEMENT | {"source": "bought"})
        assert (reply.status, reply.json["code"]) == (422, "refused_source")
        assert api.get(there).json["stage"] == "preview"

    def test_what_the_preview_said_becomes_so(self, api, world):
        there = sent(api, world)
        before = api.get(there).json["preview"]["countries"]
        assert api.post(f"{there}/run", json=STATEMENT).status == 202
        world.settle()
        seen = api.get(there).json
        assert (seen["status"], seen["stage"]) == ("ready", "done")
        assert seen["preview"]["countries"] == before
        assert seen["preview"]["written"] is True
        reply = api.post(f"{there}/run", json=STATEMENT)
        assert reply.status == 409

    def test_another_basis_than_the_previews_is_a_conflict(self, api, world):
        there = sent(api, world)
        said = {"objection_how": "box", "objection_at": "2024-01-01T00:00:00Z"}
        body = STATEMENT | {"basis": "soft-opt-in"} | said
        assert api.post(f"{there}/run", json=body).status == 409

    def test_who_may_only_market_cannot_run_it_and_who_may_run_can_see_it(self, api, api_as, world):
        there = sent(api, world)
        marketer, officer = api_as(KeyScope.MARKETING), api_as(KeyScope.COMPLIANCE)
        assert marketer.post(f"{there}/run", json=STATEMENT).status == 403
        assert marketer.post(f"{there}/documents?kind=other", b"x", headers=BYTES).status == 403
        assert officer.get(there).status == 200
        assert officer.post(f"{there}/cancel").status == 403
        assert officer.post(f"{there}/run", json=STATEMENT).status == 202

    def test_it_can_be_cancelled_and_then_nothing_happens_to_it(self, api, world):
        there = sent(api, world)
        reply = api.post(f"{there}/cancel")
        assert (reply.status, reply.json["stage"]) == (202, "cancelled")
        assert api.post(f"{there}/run", json=STATEMENT).status == 409
        assert api.ask("PUT", f"{there}/mapping", json={"country": "SE"}).status == 409


class TestACutOver:
    def test_it_takes_ends_alone_needs_no_statement_and_can_be_said_to_be_over(self, api, world):
        there = sent(api, world, mode="cut-over")
        preview = api.get(there).json["preview"]
        assert [each["why"] for each in preview["countries"]] == [{"opted-out": 1}]
        assert api.post(f"{there}/run", json={"confirmed": True}).status == 202
        world.settle()
        assert api.get(there).json["stage"] == "done"
        reply = api.post(f"{there}/moved")
        assert (reply.status, reply.json["list"]) == (200, "newsletter")
        assert reply.json["ended_at"] is not None

    def test_a_no_runs_nothing(self, api, world):
        there = sent(api, world, mode="cut-over")
        reply = api.post(f"{there}/run", json={"confirmed": False})
        assert (reply.status, reply.json["code"]) == (422, "bad_statement")
        assert api.get(there).json["stage"] == "preview"

    def test_where_nothing_moves_nothing_can_be_over(self, api, world):
        assert api.post(f"{sent(api, world)}/moved").status == 404


class TestRejectedRows:
    def test_they_are_named_by_place_and_reason(self, api, world):
        reply = api.get(f"{sent(api, world)}/rejected")
        lines = reply.text.splitlines()
        assert reply.headers["content-type"].startswith("text/csv")
        assert "kvitto-rejected-" in reply.headers["content-disposition"]
        assert lines[0].startswith('"file","line","column","code"')
        assert lines[1].startswith('"1","5","1","malformed_address"')

    def test_as_many_whole_rows_are_given_as_fit_an_answer(self, api, world, monkeypatch):
        there = sent(api, world)
        monkeypatch.setattr("chalicelib.entrypoints.api.imports.MAX_REPORT_BYTES", 3)
        lines = api.get(f"{there}/rejected").text.splitlines()
        assert [each.split(",")[3] for each in lines] == ['"more"']


@pytest.mark.parametrize("path", ["", "/rejected"])
@pytest.mark.parametrize("word", ["none", "A" * 22, "x" * 300, "%00"])
def test_an_import_that_is_not_there_is_a_404(api, path, word):
    assert api.get(f"{IMPORTS}/{word}{path}").status == 404
    assert api.post(f"{IMPORTS}/{word}/run", json=STATEMENT).status == 404


def test_imports_are_listed_the_latest_first(api, world):
    for n in range(3):
        sent(api, world, LIST + b"person%d@example.org,SE,subscribed,,,\n" % n)
        world.time.advance(1000)
    first = api.get(f"{IMPORTS}?limit=2").json
    rest = api.get(f"{IMPORTS}?limit=2&cursor={first['next_cursor']}").json
    times = [each["created_at"] for each in first["items"] + rest["items"]]
    assert (len(times), times) == (3, sorted(times, reverse=True))
    assert json.dumps(first).count("example.org") == 0

# SPDX-License-Identifier: Apache-2.0
"""Imports in the console over HTTP: what is shown, what is done, and who may do it."""

import re

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import LANGUAGES
from tests.support.import_desk import (
    ANSWERED,
    AWKWARD,
    HOME,
    RULES,
    every_page,
    path_of,
    previewed,
    seated,
)
from tests.support.import_uploads import FORM_WITH_FILE, LIST, form_with_file
from tests.support.segment_desk import Desk


@pytest.fixture
def desk(web, world):
    return seated(web, world, KeyScope.MARKETING, KeyScope.COMPLIANCE)


@pytest.fixture
def marketer(web, world):
    return seated(web, world, KeyScope.MARKETING)


@pytest.fixture
def reader(web, world):
    return seated(web, world, KeyScope.READ)


def words(reply):
    """A page's words, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", reply.text))


def rows(page):
    found = re.findall(r"<tr><td.*?</tr>", page.text, re.DOTALL)
    cells = (re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found)
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def stage(world, path):
    return world.import_desk.get(path.rpartition("/")[2]).stage


class TestAFile:
    def test_a_small_one_goes_in_with_its_form_and_its_preview_follows(self, desk, world):
        reply = desk.upload()
        page = desk.get(reply.headers["location"])
        assert "The file is being read." in page.text
        assert "data-moves" in page.text
        world.settle()
        page = desk.get(path_of(reply))
        assert rows(page)[:2] == [["Sweden", "1", "0", "1"], ["Germany", "0", "1", "0"]]
        assert "data-moves" not in page.text

    def test_a_large_one_goes_in_by_parts_that_may_be_repeated(self, desk, world):
        path = desk.begun()
        half = len(LIST) // 2
        for number, data in ((2, LIST[half:]), (1, b"x"), (1, LIST[:half])):
            reply = desk.part(f"{path}/parts/{number}", data)
            assert (reply.status, reply.body) == (204, b"")
        assert desk.send(f"{path}/uploaded", parts=2).status == 204
        world.settle()
        assert stage(world, path) == "preview"

    def test_one_that_was_not_sent_whole_can_be_sent_again(self, desk, world):
        path = desk.begun()
        page = desk.get(path).text
        assert f'action="{path}/uploaded"' in page
        assert f'data-place="{path}"' in page
        assert path_of(desk.upload(f"{path}/uploaded")) == path
        world.settle()
        assert stage(world, path) == "preview"

    @pytest.mark.parametrize("parts", ["", "0", "257", "x", "2", "²"])
    def test_parts_that_are_not_there_are_told(self, desk, world, parts):
        path = desk.begun()
        desk.part(f"{path}/parts/1", LIST)
        reply = desk.send(f"{path}/uploaded", parts=parts)
        assert reply.status in (409, 422)
        assert stage(world, path) == "uploading"

    @pytest.mark.parametrize("number", ["0", "257", "x", "12345"])
    def test_a_part_has_a_number(self, desk, number):
        assert desk.part(f"{desk.begun()}/parts/{number}", LIST).status in (404, 422)

    @pytest.mark.parametrize(
        ("fields", "file", "told"),
        [
            ({}, None, "Choose a file."),
            ({}, b"", "Choose a file."),
            ({"list": "none"}, LIST, "Choose a list."),
            ({"zone": "Mars/Olympus"}, LIST, "There is no such time zone."),
            ({"country": "ZZ"}, LIST, "A country is two capital letters"),
            ({"basis": "soft-opt-in"}, LIST, "Say the day, and one that has been."),
            ({"basis": "soft-opt-in", "offered": "x"}, LIST, "Say the day"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field_and_nothing_is_begun(
        self, desk, world, fields, file, told
    ):
        reply = desk.upload(HOME, file, **fields)
        assert reply.status == 422
        assert told in reply.text
        assert reply.text.count(told) >= 2
        assert world.import_desk.page(None, 10).items == ()

    def test_what_was_filled_in_comes_back(self, desk):
        told = {"country": "ZZ", "zone": "Europe/Paris", "mode": "cut-over", "opt_outs": "list"}
        page = desk.upload(HOME, LIST, **told).text
        assert 'value="Europe/Paris"' in page
        assert 'value="cut-over" checked' in page
        assert '<option value="list" selected>' in page

    def test_the_day_since_when_buyers_could_say_no_is_on_the_clocks_of_the_brand(
        self, desk, world
    ):
        path = path_of(desk.upload(HOME, LIST, basis="soft-opt-in", offered="2024-01-01"))
        judged_by = world.import_desk.get(path.rpartition("/")[2]).judged_by
        assert judged_by.basis == "soft-opt-in"
        assert judged_by.objection_at_ms == 1_704_067_200_000


class TestThePreview:
    def test_it_tells_why_by_country_and_where_who_waits_is_asked(self, desk, world):
        page = desk.get(previewed(desk, world))
        told = words(page)
        for sentence in (
            "rule asks for. 1",
            "They unsubscribed, the file says. 1",
            "The address does not work, the file says. 1",
            "They get no mail, not even one that asks them",
            "This is no e-mail address that can be written to. 1",
            "A cell begins as a formula of a spreadsheet does. 1",
            "each person counts once. 1",
            "Times that could not be read 1",
            "It looks like a plain table.",
        ):
            assert sentence in told
        assert 'href="https://mail.example.org/forms/demo"' in page.text

    def test_no_cell_of_the_file_is_shown(self, desk, world):
        page = desk.get(previewed(desk, world)).text
        for cell in ("mailed@", "waits@", "192.0.2.1", "list.csv", "=1+1"):
            assert cell not in page

    def test_columns_and_times_are_changed_and_it_is_checked_again(self, desk, world):
        path = previewed(desk, world)
        reply = desk.send(f"{path}/mapping", c3="", c6="keep", dates="day-first")
        assert path_of(reply) == path
        world.settle()
        page = desk.get(path).text
        assert '<select id="c-3" name="c3" autocomplete="off">\n<option value="" selected>' in page
        assert '<option value="day-first" selected>' in page
        assert "Times that could not be read" not in page

    def test_a_mapping_that_cannot_be_used_says_so(self, desk, world):
        path = previewed(desk, world)
        reply = desk.send(f"{path}/mapping", c1="")
        assert reply.status == 422
        assert "No column is the address" in reply.text
        assert "<details open>" in reply.text

    def test_rows_that_cannot_be_used_are_downloaded_by_their_places(self, desk, world):
        path = previewed(desk, world)
        reply = desk.get(f"{path}/rejected")
        assert reply.headers["content-type"].startswith("text/csv")
        assert '"malformed_address"' in reply.text
        assert "no address" not in reply.text

    def test_a_file_that_is_none_says_what_to_do(self, desk, world):
        page = desk.get(previewed(desk, world, b"PK\x03\x04 but no ZIP")).text
        assert "The ZIP is damaged or was cut short." in page
        broken = previewed(desk, world, b'email,name\na@example.org,"x\n')
        assert "Look at line 2." in desk.get(broken).text


class TestTheStatement:
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"source": "bought"}, "Consent cannot be bought"),
            ({"source": "found"}, "The form could not be read."),
            ({"name": " "}, "Somebody must answer for it"),
            ({"position": ""}, "Somebody must answer for it"),
            ({"name": "x" * 121}, "This is too long."),
            ({"source_detail": "x" * 301}, "This is too long."),
            ({"confirmed": ""}, "Confirm that all of it is true."),
        ],
    )
    def test_what_is_missing_stands_beside_its_field(self, desk, world, changed, told):
        path = previewed(desk, world)
        reply = desk.send(f"{path}/run", **(ANSWERED | changed))
        assert reply.status == 422
        assert told in reply.text
        assert stage(world, path) == "preview"

    def test_what_was_said_comes_back(self, desk, world):
        path = previewed(desk, world)
        page = desk.send(f"{path}/run", **(ANSWERED | {"confirmed": "", "source": "paper"})).text
        assert 'value="Officer of the tests"' in page
        assert '<option value="paper" selected>' in page

    def test_answered_for_it_runs_and_says_what_it_did(self, desk, world):
        path = previewed(desk, world)
        reply = desk.send(f"{path}/run", **ANSWERED)
        assert "You can close this page; it goes on." in desk.get(reply.headers["location"]).text
        world.settle()
        page = desk.get(path)
        assert "May be mailed now" in page.text
        assert "Answer for it" not in page.text
        again = desk.send(f"{path}/run", **ANSWERED)
        assert again.status == 409
        assert "That is not possible where the import is now." in again.text

    def test_a_sale_needs_how_buyers_could_say_no(self, desk, world):
        path = previewed(desk, world, basis="soft-opt-in", offered="2024-01-01")
        reply = desk.send(f"{path}/run", **ANSWERED)
        assert "Say how buyers could say no." in reply.text
        assert path_of(desk.send(f"{path}/run", objection_how="A box", **ANSWERED)) == path

    def test_documents_are_kept_and_it_is_checked_again(self, desk, world):
        path = previewed(desk, world)
        told = desk.upload(f"{path}/documents", b"%PDF-1.7", kind="wording")
        assert told.headers["location"].endswith("done=kept")
        world.settle()
        assert "What people read when they said yes <code" in desk.get(path).text

    @pytest.mark.parametrize(
        ("file", "kind"), [(None, "wording"), (b"\x00\xff", "wording"), (b"x", "poem")]
    )
    def test_a_document_nobody_can_read_is_refused(self, desk, world, file, kind):
        path = previewed(desk, world)
        reply = desk.upload(f"{path}/documents", file, kind=kind)
        assert (reply.status, "Choose a document" in reply.text) == (422, True)


class TestACutOver:
    def test_it_is_taken_without_a_statement_reminded_of_and_said_to_be_over(self, desk, world):
        path = previewed(desk, world, mode="cut-over")
        page = desk.get(path).text
        assert "Take these opt-outs" in page
        assert 'name="source"' not in page
        desk.send(f"{path}/run")
        world.settle()
        listed = desk.get(HOME).text
        assert "the earlier tool still sends" in listed
        assert f"{HOME}/new?language=en&amp;list=newsletter&amp;mode=cut-over" in listed
        reply = desk.send(f"{path}/moved")
        listed = desk.get(reply.headers["location"]).text
        assert "the earlier tool sends no more to this list" in listed
        assert "the earlier tool still sends" not in listed

    def test_the_form_is_filled_by_the_reminder(self, desk):
        page = desk.get(f"{HOME}/new?list=newsletter&mode=cut-over").text
        assert 'value="cut-over" checked' in page


class TestRules:
    def test_each_is_shown_with_its_why_and_that_it_is_no_legal_advice(self, reader):
        page = reader.get(RULES)
        assert [row[0] for row in rows(page)] == [
            *("Germany", "France", "Sweden", "Every other country")
        ]
        assert "UWG § 7(2)" in page.text
        assert "This is no legal advice." in page.text
        assert "<textarea" not in page.text

    def test_one_is_added_changed_and_taken_out(self, desk, world):
        told = {"version": 0, "country": "at", "grade": "B", "silent": "730", "why": "Ours."}
        reply = desk.send(RULES, **told)
        page = desk.get(reply.headers["location"])
        assert "The change is saved" in page.text
        assert rows(page)[0][:2] == ["Austria yours", rows(page)[1][1]]
        assert "730 days" in page.text
        desk.send(RULES, version=1, remove="AT")
        assert "Austria" not in desk.get(RULES).text.partition("</table>")[0]
        assert world.import_rules.get("demo").revision == 2

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"country": "ZZ"}, "A country is two capital letters"),
            ({"grade": "F"}, "The form could not be read."),
            ({"silent": "0"}, "A whole number of days"),
            ({"silent": "99999"}, "A whole number of days"),
            ({"grade": "E", "why": ""}, "Write down why."),
            ({"why": "x" * 501}, "This is too long."),
            ({"version": "1"}, "Somebody else changed it meanwhile."),
        ],
    )
    def test_what_cannot_be_used_changes_nothing_and_comes_back(self, desk, world, changed, told):
        rule = {"version": 0, "country": "AT", "grade": "B", "silent": "", "why": "Ours."}
        reply = desk.send(RULES, **(rule | changed))
        assert reply.status in (409, 422)
        assert told in reply.text
        assert world.import_rules.get("demo").revision == 0


class TestWhoMay:
    def test_who_only_reads_sees_imports_and_begins_none(self, desk, reader, world):
        path = previewed(desk, world)
        assert reader.get(HOME).status == 200
        assert reader.get(path).status == 200
        assert reader.get(f"{HOME}/new").status == 403
        headers = reader.sent | {"Content-Type": FORM_WITH_FILE}
        assert reader.web.post(HOME, form_with_file({}), headers=headers).status == 403
        for act in ("cancel", "mapping", "run", "uploaded", "moved", "documents"):
            assert reader.web.post(f"{path}/{act}", form={}, headers=reader.sent).status == 403

    def test_who_may_only_market_cannot_answer_for_it(self, marketer, world):
        path = previewed(marketer, world)
        page = marketer.get(path).text
        assert "needs a key with the scope <code>compliance</code>" in page
        assert marketer.send(f"{path}/run", **ANSWERED).status == 403
        assert marketer.upload(f"{path}/documents", b"x", kind="other").status == 403
        assert marketer.send(RULES, version=0, country="AT", grade="B").status == 403
        assert path_of(marketer.send(f"{path}/cancel")) == path
        assert stage(world, path) == "cancelled"

    def test_a_file_or_a_part_without_the_sessions_token_is_not_taken(self, desk, world):
        path = desk.begun()
        assert desk.part(f"{path}/parts/1", LIST, token="").status == 403
        assert desk.part(f"{path}/parts/1", LIST, token="x" * 43).status == 403
        assert desk.upload(HOME, LIST, form_token="wrong").status == 403
        assert desk.send(f"{path}/uploaded", parts=1).status == 409
        assert len(world.import_desk.page(None, 10).items) == 1

    def test_a_token_in_a_header_counts_for_bytes_alone(self, desk):
        headers = desk.sent | {"X-Form-Token": desk.token()}
        path = desk.begun()
        assert desk.web.post(f"{path}/cancel", form={}, headers=headers).status == 403

    def test_nobody_without_a_session_sees_or_does_anything(self, web, desk, world):
        path = previewed(desk, world)
        for there in (HOME, path, f"{path}/rejected", RULES, f"{HOME}/new"):
            assert web.get(there).headers["location"] == "/console/login"
        assert web.ask("PUT", f"{path}/parts/1", LIST).status == 303


@pytest.mark.parametrize("there", [f"{HOME}/none", f"{HOME}/{'A' * 22}", f"{HOME}/none/rejected"])
def test_an_import_that_is_not_there_says_so(desk, there):
    reply = desk.get(there)
    assert (reply.status, reply.heading) == (404, "No such import")
    assert desk.send(f"{HOME}/{'A' * 22}/cancel").status == 404


def test_a_brand_that_is_not_there_has_no_rules(desk):
    assert desk.get("/console/brands/none/import-rules").heading == "No such brand"


def test_the_list_goes_on_where_a_page_of_it_ends(desk, world, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.imports_console_pages.ROWS", 2)
    for n in range(5):
        path_of(desk.upload(HOME, LIST + b"n%d@example.org,SE,,,,\n" % n))
        world.time.advance(60_000)
    seen, there = set(), HOME
    while there:
        page = desk.get(there).text
        seen |= set(re.findall(r'href="/console/imports/([\w-]{22})\?', page))
        found = re.search(r'href="([^"]+)">More imports', page)
        there = found and found[1].replace("&amp;", "&")
    assert len(seen) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_in_every_language(desk, world, language):
    for name, page in every_page(desk, world, language).items():
        assert f'<html lang="{language}">' in page, name
        for open_, close in (("<form", "</form>"), ("<ul", "</ul>"), ("<section", "</section>")):
            assert page.count(open_) == page.count(close), (name, open_)
        assert "None" not in re.sub(r"<[^>]+>", "", page), name


def test_scripts_run_by_their_hash_alone(desk, world):
    for there in (f"{HOME}/new", desk.begun(), path_of(desk.upload(HOME, AWKWARD))):
        reply = desk.get(there)
        assert "script-src 'sha256-" in reply.headers["content-security-policy"]
        assert reply.text.count("<script>") == 1


def test_another_page_of_the_console_still_takes_no_file(web, world):
    desk = Desk(web, world, KeyScope.MARKETING)
    headers = desk.sent | {"X-Form-Token": desk.token(), "Content-Type": "application/octet-stream"}
    assert web.post("/console/segments", b"x", headers=headers).status == 415

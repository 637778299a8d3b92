# SPDX-License-Identifier: Apache-2.0
"""Imports in the console: a file sent whole and in parts, looked at, answered for, run."""

import re
import threading

import pytest

import app
from chalicelib import bootstrap
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import LANGUAGES
from infra.local.front import gateway_of
from infra.local.gateway import GatewayResponses
from infra.local.http_server import HttpServer
from tests.support.asking import Asker
from tests.support.import_desk import ANSWERED, AWKWARD, HOME, RULES, seated
from tests.support.import_uploads import LIST
from tests.support.soundness import assert_sound_at_every_size
from tests.support.world import World

SCOPES = (KeyScope.MARKETING, KeyScope.COMPLIANCE)
PATH = re.compile(r"/console/imports/[\w-]{22}")


class Served:
    """Somebody at the console, before the product in memory behind a socket.

    A test cannot read the bytes of a file out of a browser's request, so these requests are real.
    """

    def __init__(self, browser, world):
        self.world = world
        gateway = gateway_of(app.app, GatewayResponses())
        limit = 16 * 1024 * 1024
        self.server = HttpServer(("127.0.0.1", 0), gateway.respond, max_body_bytes=limit)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self.server.port}"
        self.context = browser.new_context(base_url=self.base_url, locale="en")
        self.page = self.context.new_page()
        self.complained = []
        self.page.on("pageerror", lambda error: self.complained.append(str(error)))
        self.page.on("console", self._hear)
        self.desk = seated(Asker(), world, *SCOPES)
        name, _, value = self.desk.sent["Cookie"].partition("=")
        cookie = {"name": name, "value": value, "url": f"{self.base_url}/console"}
        self.context.add_cookies([cookie])

    def _hear(self, message):
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complained.append(message.text)

    def choose(self, data, name="list.csv"):
        self.page.locator("#f-file").set_input_files(
            [{"name": name, "mimeType": "text/csv", "buffer": data}]
        )

    def press(self, name):
        self.page.get_by_role("button", name=name).click()

    def close(self):
        self.context.close()
        self.server.shutdown()
        self.server.server_close()
        assert self.complained == []


@pytest.fixture
def served(browser, monkeypatch):
    world = World()
    monkeypatch.setattr(bootstrap, "container", lambda: world)
    made = Served(browser, world)
    yield made
    made.close()


def test_a_file_is_sent_looked_at_answered_for_and_run_by_pressing(served):
    page, world = served.page, served.world
    page.goto(HOME)
    page.get_by_role("link", name="Import a list").click()
    served.choose(AWKWARD)
    served.press("Read and check it")
    page.get_by_text("The file is being read.").wait_for()
    world.settle()
    page.get_by_role("heading", name="Answer for it").wait_for()
    page.get_by_text("Germany: why").click()
    main = page.locator("main").inner_text()
    assert "The file shows less than this" in main
    assert "at the next check-out, or with a link to your form" in main

    page.locator("#f-document").set_input_files(
        [{"name": "wording.txt", "mimeType": "text/plain", "buffer": b"We mail you news."}]
    )
    served.press("Keep it and check again")
    page.get_by_text("The document is kept.").wait_for()
    world.settle()
    page.get_by_label("Your name").fill(ANSWERED["name"])
    page.get_by_label("Your position").fill(ANSWERED["position"])
    page.get_by_label("I confirm").check()
    served.press("Run it: 1 person may be mailed")
    page.get_by_text("You can close this page; it goes on.").wait_for()
    world.settle()
    page.get_by_text("It is done.").wait_for()
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download where they are").click()
    assert "malformed_address" in fetched.value.path().read_text()


def test_a_large_file_is_sliced_and_goes_on_where_it_stopped(served, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.imports_console_pages.MAX_PART_BYTES", 100)
    page, world = served.page, served.world
    page.clock.install()
    broken = "**/parts/3"
    page.route(broken, lambda route: route.fulfill(status=409))
    page.goto(f"{HOME}/new")
    served.choose(LIST)
    served.press("Read and check it")
    page.get_by_text("The upload stopped, and nothing was lost.").wait_for()
    page.unroute(broken)
    sent = []
    page.on("request", lambda request: sent.append((request.method, request.url)))
    served.press("Read and check it")
    page.wait_for_url(PATH)
    parts = -(-len(LIST) // 100)
    put = [url.rpartition("/")[2] for method, url in sent if method == "PUT"]
    assert put == [str(number) for number in range(3, parts + 1)]
    world.settle()
    (record,) = world.import_desk.page(None, 10).items
    assert (record.stage, record.parts, record.file.counts["rows"]) == ("preview", parts, 4)


def test_a_part_that_failed_is_sent_again_by_itself(served, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.imports_console_pages.MAX_PART_BYTES", 200)
    failed = []

    def once(route):
        if failed:
            route.continue_()
        else:
            failed.append(route.request.url)
            route.fulfill(status=503)

    served.page.route("**/parts/1", once)
    served.page.goto(f"{HOME}/new")
    served.choose(LIST)
    served.press("Read and check it")
    served.page.wait_for_url(PATH)
    assert len(failed) == 1


def test_what_is_wrong_with_a_large_files_form_is_told_without_losing_the_file(served, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.imports_console_pages.MAX_PART_BYTES", 100)
    page = served.page
    page.goto(f"{HOME}/new")
    served.choose(LIST)
    page.get_by_text("More about the file").click()
    page.get_by_label("Time zone").fill("Mars/Olympus")
    served.press("Read and check it")
    page.get_by_role("alert").wait_for()
    assert "There is no such time zone." in page.get_by_role("alert").inner_text()
    assert page.locator("#f-file").evaluate("it => it.files.length") == 1
    page.get_by_label("Time zone").fill("Europe/Stockholm")
    served.press("Read and check it")
    page.wait_for_url(PATH)


def test_a_file_of_more_than_a_gibibyte_is_refused_before_it_is_sent(served, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.imports_console_pages.MAX_PART_BYTES", 10)
    monkeypatch.setattr("chalicelib.entrypoints.imports_console_pages.MAX_PARTS", 2)
    served.page.goto(f"{HOME}/new")
    served.choose(LIST)
    served.press("Read and check it")
    served.page.get_by_text("The file is larger than 1 GiB.").wait_for()
    assert served.world.import_desk.page(None, 10).items == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_imports_is_sound_in_every_language_and_fits(served, language):
    page, world, desk = served.page, served.world, served.desk
    asked = f"?language={language}"

    def judge(path):
        page.goto(path + asked)
        page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        assert_sound_at_every_size(page, language)

    for path in (HOME, f"{HOME}/new", RULES, desk.begun()):
        judge(path)
    path = PATH.search(desk.upload(HOME, AWKWARD).headers["location"])[0]
    judge(path)
    world.settle()
    judge(path)
    page.locator("form[action$='/run']").evaluate("it => it.noValidate = true")
    page.locator("form[action$='/run'] button").click()
    page.locator("#problems").wait_for()
    assert_sound_at_every_size(page, language)
    desk.send(f"{path}/run", **ANSWERED)
    judge(path)
    world.settle()
    judge(path)
    ends = PATH.search(desk.upload(HOME, AWKWARD, mode="cut-over").headers["location"])[0]
    world.settle()
    judge(ends)
    desk.send(f"{ends}/run")
    broken = PATH.search(desk.upload(HOME, b"PK\x03\x04").headers["location"])[0]
    world.settle()
    for there in (HOME, broken):
        judge(there)
    page.goto(f"{HOME}/new{asked}")
    page.locator("main form").evaluate("it => it.noValidate = true")
    page.locator("main form button").click()
    page.locator("#problems").wait_for()
    assert_sound_at_every_size(page, language)

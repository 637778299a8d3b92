# SPDX-License-Identifier: Apache-2.0
"""A marketer and an officer at the console's pages of imports, and an import in every state."""

import re

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.exchange import OCTETS
from tests.support.asking import Asker, Reply
from tests.support.import_uploads import FORM_WITH_FILE, LIST, form_with_file
from tests.support.segment_desk import Desk
from tests.support.world import World

HOME = "/console/imports"
RULES = "/console/brands/demo/import-rules"
ANSWERED = {
    "source": "earlier-tool",
    "name": "Officer of the tests",
    "position": "Data protection",
    "confirmed": "1",
}
AWKWARD = (
    b"email,country,status,optin_time,optin_ip,colour,note\n"
    b"mailed@example.org,SE,subscribed,2024-01-02T03:04:05Z,192.0.2.1,red,\n"
    b"mailed@example.org,SE,subscribed,2024-01-02T03:04:05Z,192.0.2.1,red,\n"
    b"waits@example.org,DE,subscribed,03-04-2024,192.0.2.1,blue,\n"
    b"left@example.org,FR,unsubscribed,2024-01-02T03:04:05Z,192.0.2.1,,\n"
    b"gone@example.org,NO,bounced,2024-01-02T03:04:05Z,192.0.2.1,,\n"
    b"no address,SE,subscribed,,,,\n"
    b"formula@example.org,SE,subscribed,,,,=1+1\n"
)
"""A list in which something of every kind is worth telling."""


class ImportDesk(Desk):
    """A session of the console that can send files."""

    def upload(self, path: str = HOME, file: bytes | None = LIST, **fields: str) -> Reply:
        """Send a form with a file, as a browser without scripts does."""
        told = {"form_token": self.token(), "list": "newsletter"} | fields
        headers = self.sent | {"Content-Type": FORM_WITH_FILE}
        return self.web.post(path, form_with_file(told, file), headers=headers)

    def part(self, path: str, data: bytes, token: str | None = None) -> Reply:
        """Send a part, as the page's script does."""
        named = self.token() if token is None else token
        headers = self.sent | {"Content-Type": OCTETS, "X-Form-Token": named}
        return self.web.ask("PUT", path, data, headers=headers)

    def begun(self, **fields: str) -> str:
        """The path of an import that waits for its parts."""
        reply = self.send(HOME, **({"list": "newsletter", "in_parts": "1"} | fields))
        assert reply.status == 201
        return reply.headers["location"]


def seated(web: Asker, world: World, *scopes: KeyScope) -> ImportDesk:
    """Somebody at the console with a key of these scopes."""
    return ImportDesk(web, world, *scopes)


def path_of(reply: Reply) -> str:
    """The path that an answer leads to, without what comes after it."""
    assert reply.status == 303, re.sub(r"<[^>]+>", " ", reply.text)[-600:]
    return reply.headers["location"].partition("?")[0]


def previewed(desk: ImportDesk, world: World, file: bytes = AWKWARD, **fields: str) -> str:
    """The path of an import whose preview is there."""
    path = path_of(desk.upload(HOME, file, **fields))
    world.settle()
    return path


def every_page(desk: ImportDesk, world: World, language: str) -> dict[str, str]:
    """The pages of imports in a language, each in the state that holds most."""
    asked = f"?language={language}"
    pages = {"empty": desk.get(HOME + asked).text, "new": desk.get(f"{HOME}/new{asked}").text}
    pages["refused"] = desk.upload(
        HOME, None, language=language, list="none", zone="Mars", country="ZZ"
    ).text
    pages["uploading"] = desk.get(desk.begun() + asked).text
    path = path_of(desk.upload(HOME, AWKWARD))
    pages["reading"] = desk.get(path + asked).text
    world.settle()
    pages["preview"] = desk.get(path + asked).text
    refused = ANSWERED | {"name": "", "source": "bought"}
    pages["unanswered"] = desk.send(f"{path}/run", language=language, **refused).text
    desk.send(f"{path}/run", **ANSWERED)
    pages["running"] = desk.get(f"{path}{asked}").text
    world.settle()
    pages["done"] = desk.get(path + asked).text
    broken = previewed(desk, world, b"PK\x03\x04 but no ZIP")
    pages["failed"] = desk.get(broken + asked).text
    ends = previewed(desk, world, AWKWARD + b"x@example.org,,,,,,\n", mode="cut-over")
    pages["ends"] = desk.get(ends + asked).text
    desk.send(f"{ends}/run")
    world.settle()
    again = path_of(desk.upload(HOME, AWKWARD))
    world.settle()
    pages["same"] = desk.get(again + asked).text
    pages["list"] = desk.get(HOME + asked).text
    pages["rules"] = desk.get(RULES + asked).text
    pages["rule"] = desk.send(
        RULES, language=language, version=0, country="ZZ", grade="E", silent="x"
    ).text
    return pages

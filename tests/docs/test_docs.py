# SPDX-License-Identifier: Apache-2.0
"""What the documents point at exists: files, headings, commands, tests and settings."""

import ast
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from chalicelib.config import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "infra", "templates", "tests", "tools")
PAGES = sorted(
    [
        *CHECKOUT.glob("*.md"),
        *(page for name in FOLDERS for page in (CHECKOUT / name).rglob("*.md")),
    ]
)
ADRS = [page for page in PAGES if page.parent.name == "adr"]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"^make (?:[A-Z]+=\S+ )*([a-z][a-z-]*)", re.MULTILINE)
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
TEST_ID = re.compile(r"\btests/[\w/]+\.py(?:::\w+)?")


def words(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Git hosts make them."""
    plain = [re.sub(r"[`*]", "", title) for title in HEADING.findall(FENCE.sub("", words(page)))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


def broken_links(page: Path) -> list[str]:
    broken = []
    for link in LINK.findall(FENCE.sub("", words(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        known = anchors(target) if anchor and target.suffix == ".md" and target.is_file() else None
        if not target.exists() or (known is not None and anchor not in known):
            broken.append(link)
    return broken


def commands(page: Path) -> set[str]:
    """Make targets a page names in code; prose may make anything."""
    pieces = ["".join(groups) for groups in CODE.findall(words(page))]
    return {target for piece in pieces for target in MAKE.findall(piece)}


@cache
def names_in(path: str) -> frozenset[str] | None:
    """Names of the tests a file defines; None when there is no such file."""
    if not (CHECKOUT / path).is_file():
        return None
    tree = ast.parse(words(CHECKOUT / path))
    named = (ast.FunctionDef, ast.ClassDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, named))


def missing_tests(page: Path) -> list[str]:
    missing = []
    for test_id in TEST_ID.findall(words(page)):
        path, _, name = test_id.partition("::")
        known = names_in(path)
        if known is None or (name and name not in known):
            missing.append(test_id)
    return missing


def name_of(page: Path) -> str:
    return page.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_a_page_names_exists(page: Path) -> None:
    assert commands(page) <= set(TARGET.findall(words(CHECKOUT / "Makefile")))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_a_page_names_exists(page: Path) -> None:
    assert missing_tests(page) == []


def test_every_setting_is_in_the_operations_page() -> None:
    ours = {field.name for field in fields(Settings)} - {"region"}
    variables = {f"KVITTO_{name.upper()}" for name in ours}
    named = set(re.findall(r"KVITTO_[A-Z_]+", words(CHECKOUT / "docs" / "operations.md")))
    assert variables <= named
    assert "`AWS_REGION`" in words(CHECKOUT / "docs" / "operations.md")


@pytest.mark.parametrize("page", ADRS, ids=name_of)
def test_every_decision_says_what_is_worse_because_of_it(page: Path) -> None:
    sections = re.findall(r"^## (.+)$", words(page), re.MULTILINE)
    wanted = ["Context", "Drivers", "Options", "Outcome", "Negative consequences"]
    assert sections == wanted
    assert len(words(page).splitlines()) <= 60


def test_decisions_are_numbered_once_each() -> None:
    numbers = [page.name[:4] for page in ADRS]
    assert len(numbers) == len(set(numbers))
    assert numbers == [f"{number:04d}" for number in range(len(numbers))]


def test_these_checks_find_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n[a](gone.md) [b](#one) [c](#two) [d](https://example.org/)\n"
        "`make nothing-like-it` and make sense\n"
        "`tests/unit/domain/test_ids.py::test_that_nobody_wrote` `tests/unit/test_gone.py`\n",
        encoding="utf-8",
    )
    assert broken_links(page) == ["gone.md", "#two"]
    assert commands(page) == {"nothing-like-it"}
    assert missing_tests(page) == [
        "tests/unit/domain/test_ids.py::test_that_nobody_wrote",
        "tests/unit/test_gone.py",
    ]

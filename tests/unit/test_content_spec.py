# SPDX-License-Identifier: Apache-2.0
"""The worked values and the stated figures of docs/spec/content.md are those of the code."""

import re
from pathlib import Path

import pytest

from chalicelib.adapters.mail_compiler import MailCompiler
from chalicelib.adapters.markup_reader import read_mail
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain import contrast_lint, layout_lint
from chalicelib.domain.campaigns import Content
from chalicelib.domain.colours import READABLE
from chalicelib.domain.content import (
    CLIP_BYTES,
    ERRORS,
    MAX_PER_CODE,
    SENTENCES,
    CompiledContent,
    FindingCode,
    Part,
    Severity,
)
from chalicelib.domain.content_lint import lint
from chalicelib.domain.foreign_tags import TOOLS, foreign_tags
from chalicelib.domain.senders import NO_REPLY
from infra.local.demo_data import DEMO_BRAND

CHECKOUT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"^```(?:text|html) (?:worked|given)=([a-z]+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL
)
TOLD = re.compile("“(.*?)” is a tag of (.*?), which means nothing here.")


@pytest.fixture(scope="module")
def specification() -> str:
    return (CHECKOUT / "docs" / "spec" / "content.md").read_text(encoding="utf-8")


def code_lines() -> list[str]:
    return [
        f"{code} {Severity.ERROR if code in ERRORS else Severity.WARNING}: {SENTENCES[code]}"
        for code in FindingCode
    ]


def finding_lines(html: str) -> list[str]:
    return [
        f"{each.severity} {each.code} line {each.line or '-'} times {each.times}: {each.sentence}"
        for each in lint(read_mail(html), language="en", size_bytes=110_000)
    ]


def tool_lines(tags: list[str]) -> list[str]:
    """The same tags, each with the tool it is found to be of."""
    lines = []
    for tag in tags:
        (found,) = foreign_tags(tag, Part.HTML)
        told = TOLD.match(found.sentence)
        assert told is not None
        lines.append(f"{told[1]} → {told[2]}")
    return lines


def compiled(html: str) -> CompiledContent:
    compiler = MailCompiler(TemplateRenderer(), "https://mail.example.org")
    return compiler.compile(Content(subject="x", html=html), DEMO_BRAND, "en", fields=("city",))


def test_worked_values_are_what_the_code_produces(specification: str) -> None:
    blocks = dict(BLOCK.findall(specification))
    tags = [line.partition(" → ")[0] for line in blocks["tools"].splitlines()]
    assert blocks == {
        "codes": "\n".join(code_lines()),
        "mail": blocks["mail"],
        "findings": "\n".join(finding_lines(blocks["mail"])),
        "tools": "\n".join(tool_lines(tags)),
        "senders": "\n".join(NO_REPLY),
        "source": blocks["source"],
        "compiled": compiled(blocks["source"]).html,
        "text": compiled(blocks["source"]).text,
    }
    assert {tool for tool, _ in TOOLS} <= {line.partition(" → ")[2] for line in tool_lines(tags)}


def test_every_code_but_those_of_other_parts_is_in_the_worked_mail(specification: str) -> None:
    worked = dict(BLOCK.findall(specification))["findings"]
    elsewhere = {
        FindingCode.FOREIGN_MERGE_TAG,
        FindingCode.LINK_INCOMPLETE,
        FindingCode.LINK_NOT_COUNTED,
        FindingCode.NO_REPLY_SENDER,
        FindingCode.UNKNOWN_FIELD,
        FindingCode.NO_HEADING,  # A mail with a heading too deep has one.
    }
    assert {code for code in FindingCode if f" {code} " in worked} == set(FindingCode) - elsewhere


def test_figures_in_the_specification_are_the_codes_own(specification: str) -> None:
    """A figure that changes in the code must change on the page."""
    text = " ".join(specification.split())
    for sentence in (
        f"at most {MAX_PER_CODE} are told",
        f"at least {READABLE}:1, and {contrast_lint.READABLE_LARGE:g}:1 from",
        f"{contrast_lint.LARGE_PIXELS:g} pixels, or {contrast_lint.LARGE_BOLD_PIXELS:g} bold",
        f"over {layout_lint.NARROW} pixels",
        f"{CLIP_BYTES:,} bytes",
        f"after {layout_lint.MAX_MATCHES:,} comparisons",
    ):
        assert sentence in text, sentence
    for chosen in (*contrast_lint._LIGHT.values(), *contrast_lint._DARK.values()):
        assert chosen in {"#000000", "#ffffff"} or f"`{chosen}`" in specification

# SPDX-License-Identifier: Apache-2.0
"""Bytes become the lines that were meant."""

import codecs

import pytest

from chalicelib.adapters.import_text import (
    LOOK_AT_BYTES,
    MARK,
    Lines,
    delimiter_of,
    encoding_of,
    sampled,
)
from chalicelib.domain.import_limits import MAX_RECORD_CHARS, FileError


def lines(data: bytes, size: int = 7) -> list[str]:
    return list(Lines((data[at : at + size] for at in range(0, len(data), size)), None))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Åsa".encode(), "utf-8"),
        (b"visitor@example.org", "utf-8"),
        (b"", "utf-8"),
        ("Åsa €".encode("cp1252"), "cp1252"),
        (codecs.BOM_UTF8 + b"a", "utf-8-sig"),
        ("\ufeffÅsa".encode("utf-16-le"), "utf-16"),
        ("\ufeffÅsa".encode("utf-16-be"), "utf-16"),
    ],
)
def test_the_encoding_is_known_from_the_bytes(data, encoding):
    assert encoding_of(data, whole=True) == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_letters_come_back_in_every_encoding(encoding):
    assert lines("Åsa,Élan,ß\r\nb".encode(encoding)) == ["Åsa,Élan,ß\r\n", "b"]


def test_a_few_damaged_bytes_do_not_spoil_every_other_name():
    data = "Åsa,Örjan,Élan\n".encode() * 3 + b"\xe5sa\n"
    assert lines(data) == ["Åsa,Örjan,Élan\n"] * 3 + [f"{MARK}sa\n"]


def test_a_character_cut_by_the_end_of_what_is_looked_at_is_no_damage():
    data = b"a" * (LOOK_AT_BYTES - 1) + "Å".encode()
    assert encoding_of(data[:LOOK_AT_BYTES], whole=False) == "utf-8"
    assert encoding_of(data[:LOOK_AT_BYTES], whole=True) == "cp1252"


def test_what_windows_1252_leaves_undefined_is_marked():
    assert lines(b"\xe5,\x81\n") == [f"å,{MARK}\n"]


def test_utf_16_with_half_a_character_is_marked():
    assert lines("\ufeffa\n".encode("utf-16-le") + b"\x00\xd8\x0a\x00") == ["a\n", f"{MARK}\n"]
    assert lines("\ufeffa\n".encode("utf-16-le") + b"\x61") == ["a\n", MARK]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_every_kind_of_line_end_ends_a_line(end, size):
    text = f"a{end}b{end}{end}c"
    assert lines(text.encode(), size) == [f"a{end}", f"b{end}", end, "c"]


def test_other_separators_of_unicode_end_no_line():
    assert lines("a\x0bb\x0c\x1c\x85\u2028c\n".encode()) == ["a\x0bb\x0c\x1c\x85\u2028c\n"]


def test_nul_is_refused_with_its_line():
    with pytest.raises(FileError) as refused:
        lines(b"email\nvisitor\x00@example.org\n")
    assert (refused.value.code, refused.value.line) == ("nul", 2)


def test_utf_16_without_its_mark_is_refused_as_no_text():
    with pytest.raises(FileError) as refused:
        lines("email\nvisitor@example.org\n".encode("utf-16-le"))
    assert refused.value.code == "nul"


def test_a_line_without_an_end_is_handed_on_while_it_is_a_little_too_long_only():
    parts = (b"a" * 65_536 for _ in range(10_000))
    assert len(next(iter(Lines(parts, None)))) == MAX_RECORD_CHARS + 1
    assert sum(1 for _ in parts) > 9_000


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("email,name\na,b\n", ","),
        ("email;name\na;b\n", ";"),
        ("email\tname\na\tb\n", "\t"),
        ("email|name\na|b\n", "|"),
        ("email\na@example.org\n", ","),
        ("email;sum\na;1,50\nb;2,50\n", ";"),
        ("email;sum;\na;1,50;\nb;2,50;\n", ";"),
        ("email,tags\na,x|y|z\nb,\n", ","),
        ('email;note\na;"x,\ny,z;"\nb;"1,2"\n', ";"),
        ('"email";"name"\n"a,b";"c"\n', ";"),
        ('email;name\n"a"b;c\nd;e\n', ";"),
        ("\n \nemail;name\na;b\n", ";"),
        ("", ","),
    ],
)
def test_the_delimiter_is_what_makes_rows_alike(text, delimiter):
    sample, whole = sampled(iter(text.splitlines(keepends=True)))
    assert whole
    assert delimiter_of(sample, whole=True) == delimiter


def test_a_record_cut_by_the_end_of_the_sample_does_not_count():
    text = 'email;note\na;b\nc;"begun, and,\n'
    assert delimiter_of(text.splitlines(keepends=True), whole=False) == ";"


def test_the_sample_is_small_however_long_the_file_is():
    many, whole = sampled(iter(["a\n"] * 1_000))
    assert (len(many), whole) == (200, False)
    wide, whole = sampled(iter(["a" * 100_000] * 1_000))
    assert (len(wide), whole) == (3, False)

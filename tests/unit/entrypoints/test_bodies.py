# SPDX-License-Identifier: Apache-2.0
"""The strict parsers of bodies."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.entrypoints.bodies import (
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    MAX_HEADER_CHARS,
    read_form,
    read_json,
    read_upload,
)
from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, MAX_FILE_BYTES, Request
from chalicelib.entrypoints.refusals import Refusal, TooLarge, Unreadable, WrongMediaType
from tests.support.bodies import MULTIPART_TYPE as MULTIPART
from tests.support.bodies import random_bodies

FORM = "application/x-www-form-urlencoded"


def request(body, content_type):
    headers = {"content-type": content_type} if content_type else {}
    return Request(method="POST", route="/forms/{form_id}", headers=headers, body=body)


def form(body, content_type=FORM):
    return read_form(request(body, content_type))


def multipart(*parts, boundary="b", end=b"--b--\r\n"):
    head = b"--" + boundary.encode() + b"\r\n"
    return b"".join(head + part + b"\r\n" for part in parts) + end


def part(name, value):
    return b'Content-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value


def upload(body, content_type=MULTIPART):
    return read_upload(request(body, content_type))


def file(content, name=b"list.csv", further=b""):
    head = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"'
    return head + further + b"\r\n\r\n" + content


def test_the_first_of_a_repeated_name_counts():
    assert form(b"a=1&a=2&b=&c") == {"a": "1", "b": "", "c": ""}
    assert form(multipart(part(b"a", b"1"), part(b"a", b"2")), MULTIPART) == {"a": "1"}


@pytest.mark.parametrize(
    "content_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper(), f" {FORM} ;x"]
)
def test_parameters_and_case_of_a_type_do_not_matter(content_type):
    assert form("e=å+b%20c".encode(), content_type) == {"e": "å b c"}


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="b"',
        "Multipart/Form-Data; charset=utf-8; boundary=b",
        "multipart/form-data; boundary=b; x=y",
    ],
)
def test_multipart_is_read_however_its_boundary_is_written(content_type):
    body = multipart(part(b"email", "å@example.org".encode()), part(b"empty", b""))
    assert form(body, content_type) == {"email": "å@example.org", "empty": ""}


def test_lines_inside_a_part_are_kept():
    assert form(multipart(part(b"a", b"1\r\n2\n3")), MULTIPART) == {"a": "1\r\n2\n3"}


def test_a_file_is_not_a_field():
    body = multipart(
        b'Content-Disposition: form-data; name="a"; filename="x"\r\n\r\n\xff', part(b"b", b"1")
    )
    assert form(body, MULTIPART) == {"b": "1"}


@pytest.mark.parametrize(
    "body",
    [
        b"a=%00",
        b"%00=a",
        b"a=%FF",
        b"a=\xff",
        b"a=%ED%A0%80",
        b"&".join(b"a%d=1" % n for n in range(MAX_FIELDS + 1)),
    ],
)
def test_a_form_that_is_not_clean_text_is_unreadable(body):
    with pytest.raises(Unreadable):
        form(body)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", MULTIPART),
        (b"a=1", MULTIPART),
        (multipart(part(b"a", b"1"), end=b""), MULTIPART),
        (multipart(part(b"a", b"\xff")), MULTIPART),
        (multipart(part(b"a", b"\x00")), MULTIPART),
        (multipart(b"X: y\r\n\r\n1"), MULTIPART),
        (multipart(part(b"a", b"1")), "multipart/form-data"),
        (multipart(part(b"a", b"1")), "multipart/form-data; boundary="),
        (multipart(part(b"a", b"1")), 'multipart/form-data; boundary="b\r\nX: y"'),
        (multipart(*[part(b"a", b"1")] * (MAX_FIELDS + 1)), MULTIPART),
        (multipart(b"Content-Disposition: form-data; a*\r\n\r\n1"), MULTIPART),
        (multipart(part(b"a" * MAX_HEADER_CHARS, b"1")), MULTIPART),
        (multipart(part(b"a", b"1") + b"\r\nX: y", part(b'"' * 60_000, b"1")), MULTIPART),
    ],
)
def test_a_broken_multipart_is_unreadable(body, content_type):
    with pytest.raises(Unreadable):
        form(body, content_type)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "multipart/mixed"])
def test_another_type_is_not_a_form(content_type):
    with pytest.raises(WrongMediaType):
        form(b"a=1", content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b"[Infinity]",
        b'{"a":1,"a":2}',
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'["\\ud800"]',
        b"[" * 1000 + b"]" * 1000,
        b"[" * 30 + b"]" * 30,
        b"1" * 5000,
        '"å"'.encode("utf-16"),
    ],
)
def test_json_that_is_not_strict_is_unreadable(body):
    with pytest.raises(Unreadable):
        read_json(request(body, "application/json"))


@pytest.mark.parametrize("content_type", ["", "text/json", FORM, "application/jsonp"])
def test_another_type_is_not_json(content_type):
    with pytest.raises(WrongMediaType):
        read_json(request(b"{}", content_type))


def test_a_body_has_a_limit_in_bytes():
    assert read_json(request(b'"%s"' % (b"a" * 65_534), "application/json"))
    with pytest.raises(TooLarge, match="64 kB"):
        read_json(request(b'"%s"' % (b"a" * 65_535), "application/json"))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_whatever_json_is_read_is_what_was_written(value):
    body = json.dumps(value).encode()
    try:
        assert read_json(request(body, "application/json")) == value
    except Unreadable:
        assert "\\u0000" in body.decode() or "\\ud" in body.decode()


@given(
    st.binary(max_size=200),
    st.sampled_from([FORM, MULTIPART, "application/json"]),
)
def test_no_bytes_at_all_make_a_parser_fail_otherwise(body, content_type):
    read = read_json if "json" in content_type else read_form
    with suppress(Refusal):
        read(request(body, content_type))


@pytest.mark.parametrize("seed", range(5))
def test_no_malformed_part_is_anything_but_read_or_refused(seed):
    for body in random_bodies(seed, 400):
        with suppress(Refusal):
            form(body, MULTIPART)


def test_a_form_of_as_many_fields_as_may_be_is_read():
    parts = [part(b"field_%d" % n, b"1" * 20) for n in range(MAX_FIELDS)]
    assert len(form(multipart(*parts), MULTIPART)) == MAX_FIELDS


ANY_BYTES = bytes(range(256)) + b"\r\n\n\r--\r\n-b\r\n\r\n--c\r\n"


@pytest.mark.parametrize("content", [b"", b"a", ANY_BYTES, b"\r\n", b"--c", ANY_BYTES * 99])
def test_the_bytes_of_a_file_come_as_they_were_sent(content):
    sent = upload(multipart(part(b"brand", "å".encode()), file(content), part(b"list", b"x")))
    assert (sent.fields, sent.file) == ({"brand": "å", "list": "x"}, content)
    assert sent.file_name == "list.csv"


@given(st.binary(max_size=300))
def test_whatever_bytes_are_in_a_file_nothing_of_the_form_reaches_them(content):
    boundary = "a-boundary-that-is-long"
    end = f"--{boundary}--\r\n".encode()
    body = multipart(file(content), part(b"a", b"1"), boundary=boundary, end=end)
    sent = upload(body, f"multipart/form-data; boundary={boundary}")
    assert (sent.file, sent.fields) == (content, {"a": "1"})


@pytest.mark.parametrize("name", ["é.csv".encode(), b"\xff\xfe", b"a%22b", b"C:\\x.csv", b" "])
def test_the_name_of_a_file_does_not_matter(name):
    assert upload(multipart(file(b"x", name))).file == b"x"


def test_a_file_that_nobody_chose_is_none():
    body = multipart(file(b"", b""), part(b"a", b"1"))
    assert (upload(body).file, upload(body).fields) == (None, {"a": "1"})


def test_words_around_the_parts_are_no_part_of_the_form():
    body = b"This is a form.\r\n" + multipart(part(b"a", b"1")) + b"The end.\r\n"
    assert upload(body).fields == {"a": "1"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        multipart(file(b"x"), end=b""),
        multipart(file(b"x"), end=b"--b"),
        multipart(file(b"x"), file(b"y")),
        multipart(file(b"x", further=b"\r\nContent-Transfer-Encoding: base64")),
        multipart(b'Content-Disposition: form-data; name="a"\r\n1'),
        multipart(b"X: y\r\n\r\n1"),
        multipart(part(b"a", b"\xff")),
        multipart(part(b"a", b"\x00")),
        multipart(part(b"a" * MAX_HEADER_CHARS, b"1")),
        multipart(part(b"a", b"1") + b"\r\n--b--\r\n", part(b"b", b"1")),
        multipart(b"X: y\r\n" * (MAX_HEAD_BYTES // 6 + 1) + file(b"x")),
        multipart(*[part(b"a", b"1")] * (MAX_FIELDS + 1)),
    ],
)
def test_a_broken_upload_is_unreadable(body):
    with pytest.raises(Unreadable):
        upload(body)


@pytest.mark.parametrize("content_type", ["", FORM, "text/csv", "multipart/mixed; boundary=b"])
def test_another_type_is_no_upload(content_type):
    with pytest.raises(WrongMediaType):
        upload(multipart(file(b"x")), content_type)


def test_a_file_has_a_limit_and_so_has_what_stands_beside_it():
    assert upload(multipart(file(b"x" * MAX_FILE_BYTES))).file == b"x" * MAX_FILE_BYTES
    with pytest.raises(TooLarge, match="4096 kB"):
        upload(multipart(file(b"x" * (MAX_FILE_BYTES + 1))))
    with pytest.raises(TooLarge):
        upload(multipart(file(b"x" * MAX_FILE_BYTES), part(b"a", b"x" * MAX_BODY_BYTES)))


@pytest.mark.parametrize("seed", range(5))
def test_no_malformed_part_beside_a_file_is_anything_but_read_or_refused(seed):
    for body in random_bodies(seed, 400):
        with suppress(Refusal):
            upload(body)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_an_upload_fail_otherwise(body):
    with suppress(Refusal):
        upload(body)

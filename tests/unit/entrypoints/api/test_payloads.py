# SPDX-License-Identifier: Apache-2.0
"""What a call carries: JSON, a form with a file, or bytes, where the operation takes it."""

import pytest

from chalicelib.entrypoints.api.frame import InvalidBody, operation
from chalicelib.entrypoints.api.payloads import read_payload, types_of
from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, MAX_FILE_BYTES, OCTETS, Request
from chalicelib.entrypoints.refusals import TooLarge, WrongMediaType
from tests.support.import_uploads import FORM_WITH_FILE, form_with_file

JSON = "application/json"
NEW = {"brand": "demo", "list": "newsletter"}


def taking(**described):
    """An operation that takes what is described."""

    @operation("POST", "/probe", **described)
    def probe(_call):
        """Do nothing."""

    return probe


EVERYTHING = taking(takes="NewImport", form="ImportUpload", raw=(OCTETS, "text/csv"))
BYTES_ALONE = taking(raw=(OCTETS,))
NOTHING = taking()


def request(body, kind):
    return Request(method="POST", route="/probe", headers={"content-type": kind}, body=body)


def test_each_kind_reaches_the_handler_as_what_it_is():
    read = read_payload(EVERYTHING, request(b'{"brand":"demo","list":"newsletter"}', JSON))
    assert (read.body, read.raw) == (NEW, None)
    read = read_payload(EVERYTHING, request(form_with_file(NEW, b"a\xff\r\n"), FORM_WITH_FILE))
    assert (read.body, read.raw) == (NEW, b"a\xff\r\n")
    for kind in (OCTETS, "text/csv; charset=utf-8"):
        read = read_payload(EVERYTHING, request(b"a\xff", kind))
        assert (read.body, read.raw) == ({}, b"a\xff")


@pytest.mark.parametrize(
    ("op", "kind", "named"),
    [
        (EVERYTHING, "text/html", f"{JSON} or multipart/form-data or {OCTETS} or text/csv"),
        (EVERYTHING, "", JSON),
        (BYTES_ALONE, JSON, f"Send {OCTETS}."),
        (BYTES_ALONE, FORM_WITH_FILE, OCTETS),
        (taking(takes="NewImport"), OCTETS, JSON),
        (taking(form="ImportUpload"), JSON, "multipart/form-data"),
    ],
)
def test_another_type_is_refused_by_naming_what_is_read(op, kind, named):
    with pytest.raises(WrongMediaType) as refused:
        read_payload(op, request(b"{}", kind))
    assert named in refused.value.detail


@pytest.mark.parametrize(
    ("op", "kind", "most"),
    [
        (NOTHING, "", MAX_BODY_BYTES),
        (EVERYTHING, JSON, MAX_BODY_BYTES),
        (EVERYTHING, OCTETS, MAX_FILE_BYTES),
        (EVERYTHING, FORM_WITH_FILE, MAX_FILE_BYTES + MAX_BODY_BYTES),
    ],
)
def test_each_kind_has_its_limit(op, kind, most):
    with pytest.raises(TooLarge):
        read_payload(op, request(b" " * (most + 1), kind))


def test_a_form_without_its_file_misses_it_and_its_fields_are_closed():
    with pytest.raises(InvalidBody) as refused:
        read_payload(EVERYTHING, request(form_with_file({"colour": "red"}, None), FORM_WITH_FILE))
    assert refused.value.problems == {
        "file": "missing",
        "brand": "missing",
        "list": "missing",
        "colour": "unknown",
    }


def test_the_same_form_between_other_boundaries_says_the_same():
    one = read_payload(EVERYTHING, request(form_with_file(NEW), FORM_WITH_FILE))
    kind = "multipart/form-data; boundary=b"
    other = read_payload(EVERYTHING, request(form_with_file(NEW, boundary="b"), kind))
    changed = read_payload(EVERYTHING, request(form_with_file(NEW, b"x"), FORM_WITH_FILE))
    assert one.said == other.said
    assert one.said != changed.said


def test_an_operation_names_the_types_it_reads():
    assert types_of(EVERYTHING) == (JSON, "multipart/form-data", OCTETS, "text/csv")
    assert (types_of(NOTHING), NOTHING.reads, BYTES_ALONE.reads) == ((), False, True)

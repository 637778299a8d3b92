# SPDX-License-Identifier: Apache-2.0
"""An archive written in pieces is one that every reader takes, and it is carried in a line."""

import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import stored_zip
from chalicelib.domain.stored_zip import StoredZip, TooLargeError
from chalicelib.errors import FatalError
from tests.support.import_files import Parts, read

AT = datetime(2026, 11, 23, 14, 25, 7, tzinfo=UTC)
NAMES = ("subscribed_members.csv", "größe.csv")


def written(pieces: list[list[bytes]]) -> bytes:
    """Write the pieces of each file, with nothing but a line of text kept between two of them."""
    kept, out = str(StoredZip(names=NAMES, at=AT)), b""
    for file in pieces:
        head, archive = StoredZip.read(kept, NAMES, AT).begin()
        out, kept = out + head, str(archive)
        for piece in file:
            out, kept = out + piece, str(StoredZip.read(kept, NAMES, AT).add(piece))
        foot, archive = StoredZip.read(kept, NAMES, AT).end()
        out, kept = out + foot, str(archive)
    return out + StoredZip.read(kept, NAMES, AT).directory()


@given(st.lists(st.lists(st.binary(max_size=50), max_size=4), min_size=2, max_size=2))
def test_python_reads_what_was_written_in_whatever_pieces(pieces: list[list[bytes]]) -> None:
    data = written(pieces)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert [info.filename for info in archive.infolist()] == list(NAMES)
        assert [archive.read(name) for name in NAMES] == [b"".join(file) for file in pieces]
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 23, 14, 25, 6)}


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip here")
def test_unzip_finds_no_fault(tmp_path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(written([[b'"Email Address"\r\n', b'"visitor@example.org"\r\n'], []]))
    tested = subprocess.run(["unzip", "-t", str(path)], capture_output=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert b"No errors detected" in tested.stdout


def test_our_own_reader_takes_it() -> None:
    rows = [b"Email Address,LEID,EUID\r\n", b"visitor@example.org,1,a\r\n"]
    found = read(Parts([written([rows, rows])]))
    assert [len(rows) for _, rows in found] == [1, 1]


def test_what_does_not_fit_its_order_is_refused() -> None:
    archive = StoredZip(names=NAMES[:1], at=AT)
    _, begun = archive.begin()
    _, ended = begun.end()
    for refused in (archive.end, archive.directory, begun.begin, begun.directory, ended.begin):
        with pytest.raises(FatalError):
            refused()
    with pytest.raises(FatalError):
        ended.add(b"more")


def test_an_archive_ends_before_its_numbers_would(monkeypatch) -> None:
    monkeypatch.setattr(stored_zip, "MAX_BYTES", 100)
    _, begun = StoredZip(names=("a",), at=AT).begin()
    with pytest.raises(TooLargeError):
        begun.add(bytes(100))

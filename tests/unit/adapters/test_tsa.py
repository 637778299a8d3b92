# SPDX-License-Identifier: Apache-2.0
"""The time authority's adapter keeps only stamps that hold, and waits for nobody."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from chalicelib.adapters import tsa as module
from chalicelib.adapters.tsa import MAX_ANSWER_BYTES, Rfc3161Authority
from chalicelib.errors import BadSignature, EvidenceError, FatalError, Throttled, Unavailable
from infra.local.http_server import Answer, HttpServer
from tests.support.time_authority import make_authority, needs_openssl

pytestmark = needs_openssl
DATA = b"localhost/log\n1\n"
REPLY = (("Content-Type", "application/timestamp-reply"),)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def serving(respond):
    server = HttpServer(("127.0.0.1", 0), respond, max_body_bytes=1 << 16)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/stamp"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(real, respond):
    with serving(respond) as url:
        return Rfc3161Authority(url=url, certificates=str(real.roots)).stamp(DATA)


def test_a_stamp_is_of_the_data_of_now_and_needs_nothing_but_the_root_to_verify(real):
    requests = []

    def respond(request):
        requests.append(request)
        return Answer(status=200, headers=REPLY, body=real.answer(request.body))

    response = asked(real, respond)
    (request,) = requests
    assert (request.method, request.target) == ("POST", "/stamp")
    assert request.header("Content-Type") == "application/timestamp-query"
    assert DATA not in request.body
    keeper = Rfc3161Authority(url="", certificates=str(real.roots))
    assert not keeper.stamps
    assert keeper.verify(DATA, response) > 1_700_000_000_000
    assert keeper.certificates == real.roots.read_bytes()
    assert len(keeper.roots) == 1


def test_an_answer_to_another_request_is_refused(real):
    old = real.stamp(DATA)
    with pytest.raises(FatalError, match="Nonce"):
        asked(real, lambda request: Answer(status=200, headers=REPLY, body=old))


def test_a_stamp_over_other_data_is_refused(real):
    keeper = Rfc3161Authority(url="", certificates=str(real.roots))
    with pytest.raises(BadSignature):
        keeper.verify(DATA + b"x", real.stamp(DATA))


def test_a_stamp_below_another_root_is_refused(real, tmp_path):
    other = make_authority(tmp_path / "other")
    keeper = Rfc3161Authority(url="", certificates=str(other.roots))
    with pytest.raises(BadSignature):
        keeper.verify(DATA, real.stamp(DATA))


@pytest.mark.parametrize("days", [(-20, -10), (10, 20)])
def test_a_signer_that_was_not_valid_at_the_stamped_time_is_refused(tmp_path, days):
    expired = make_authority(tmp_path / "expired", signer_days=days)
    keeper = Rfc3161Authority(url="", certificates=str(expired.roots))
    with pytest.raises(BadSignature):
        keeper.verify(DATA, expired.stamp(DATA))


def test_any_byte_changed_or_cut_off_is_refused_or_changes_no_time(real):
    response = real.stamp(DATA)
    keeper = Rfc3161Authority(url="", certificates=str(real.roots))
    time_ms = keeper.verify(DATA, response)
    for place in range(0, len(response), 7):
        changed = bytearray(response)
        changed[place] ^= 1
        try:
            assert keeper.verify(DATA, bytes(changed)) == time_ms
        except EvidenceError:
            continue
    for end in (0, 1, 40, len(response) - 1):
        with pytest.raises(EvidenceError):
            keeper.verify(DATA, response[:end])


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
        (302, Unavailable),
        (408, Unavailable),
        (400, FatalError),
        (403, FatalError),
    ],
)
def test_what_the_authority_answers_decides_whether_to_come_back(real, status, error):
    with pytest.raises(error):
        asked(real, lambda request: Answer(status=status))


def test_an_answer_too_large_is_not_read_to_its_end(real):
    body = bytes(MAX_ANSWER_BYTES + 1)
    with pytest.raises(FatalError, match="too large"):
        asked(real, lambda request: Answer(status=200, headers=REPLY, body=body))


def test_an_authority_that_hangs_up_or_is_not_there_is_unavailable(real):
    with pytest.raises(Unavailable):
        asked(real, lambda request: Answer(status=200, drop=True))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    with pytest.raises(Unavailable):
        Rfc3161Authority(url=url, certificates=str(real.roots)).stamp(DATA)


def test_an_authority_that_says_nothing_is_not_waited_for(real, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(Unavailable):
            Rfc3161Authority(url=url, certificates=str(real.roots)).stamp(DATA)


@contextmanager
def dripping(first):
    """A server that sends ``first`` at once and then a byte every few milliseconds, for ever."""
    ended = threading.Event()

    def drip(listener):
        with suppress(OSError):
            link, _ = listener.accept()
            with link:
                link.sendall(first)
                while not ended.wait(0.02):
                    link.sendall(b"0")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["nothing", "header", "no length", "length", "chunked"],
)
def test_an_authority_that_drips_is_not_waited_for_longer_than_a_silent_one(
    real, monkeypatch, first
):
    monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(module, "DEADLINE_S", 0.3)
    with dripping(first) as url, pytest.raises(Unavailable):
        Rfc3161Authority(url=url, certificates=str(real.roots)).stamp(DATA)


def test_who_names_no_readable_root_is_told_so(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing\n")
    for path, words in (("", "no root"), ("empty.pem", "holds none"), ("absent.pem", "cannot be")):
        place = str(tmp_path / path) if path else ""
        authority = Rfc3161Authority(url="", certificates=place)
        with pytest.raises(FatalError, match=words):
            authority.verify(DATA, b"")
    assert Rfc3161Authority(url="", certificates="").roots == ()


def test_a_certificate_for_another_purpose_stamps_nothing(real, tmp_path):
    """openssl refuses to stamp with it; put in the place of the root's own, it is refused here."""
    web = make_authority(tmp_path / "web", purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises(AssertionError):
        web.stamp(DATA)

# SPDX-License-Identifier: Apache-2.0
"""The server of the local stack: what was asked for by half is not done."""

import socket
import threading

import pytest

from infra.local.http_server import Answer, HttpServer


@pytest.fixture
def asked():
    """What came to be answered, and the address to ask at."""
    came = []

    def respond(request):
        came.append(request.body)
        return Answer(status=204)

    server = HttpServer(("127.0.0.1", 0), respond, max_body_bytes=1_000)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield came, ("127.0.0.1", server.port)
    server.shutdown()
    thread.join()
    server.server_close()


def answer_to(address, request):
    """What is answered to a client that says no more."""
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as reader:
            return reader.readline()


@pytest.mark.parametrize(
    ("head", "body", "end"),
    [
        (b"Content-Length: 5", b"hello", b""),
        (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0", b"\r\n\r\n"),
    ],
    ids=["length", "chunks"],
)
def test_a_body_cut_short_reaches_nobody(asked, head, body, end):
    came, address = asked
    start = b"PUT / HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n"
    for cut in range(len(body)):
        assert answer_to(address, start + body[:cut]) == b"HTTP/1.1 400 Bad Request\r\n"
    assert came == []
    assert answer_to(address, start + body + end) == b"HTTP/1.1 204 No Content\r\n"
    assert came == [b"hello"]

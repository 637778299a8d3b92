# SPDX-License-Identifier: Apache-2.0
"""Requests by our own HTTP end as they end by the SDK's: whom it trusts, what it raises."""

import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from contextlib import contextmanager

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError, SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.adapters import aws
from chalicelib.adapters.http_wire import Carrier, Connections
from tests.support.ses_wire import Fault, failing, ses_wire

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def wire(monkeypatch):
    monkeypatch.setattr(aws, "SES_READ_TIMEOUT_S", 0.3)
    with ses_wire(monkeypatch) as served:
        yield served


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Fault.AFTER_BODY, ConnectionClosedError), (Fault.STALL, ReadTimeoutError)],
)
def test_what_fails_is_the_sdks_own_error(wire, fault, kind):
    wire.answer = failing(fault)
    theirs = aws.new_client("sesv2")
    for client in (aws.client("sesv2"), theirs):
        with pytest.raises(kind):
            client.send_email(**{aws.JSON: b"{}"})
    theirs.close()
    assert len(wire.requests) == 2


def test_the_hot_clients_alone_are_carried(wire):
    """The SDK has no parameter for it; should it name its HTTP otherwise, this says so."""
    assert isinstance(aws.client("sesv2")._endpoint.http_session, Carrier)
    assert isinstance(aws.client("dynamodb")._endpoint.http_session, Carrier)
    assert isinstance(aws.rows_client()._endpoint.http_session, Carrier)
    for client in (aws.client("s3"), aws.new_client("sesv2")):
        assert type(client._endpoint.http_session).__name__ == "URLLib3Session"


def test_behind_a_proxy_the_sdks_own_http_is_used(wire, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    aws.forget_clients()
    session = aws.client("sesv2")._endpoint.http_session
    assert type(session).__name__ == "URLLib3Session"


def test_who_answers_is_who_the_sdk_would_trust(tmp_path, monkeypatch):
    with _https(tmp_path) as (url, bundle):
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        with pytest.raises(SSLError):
            Connections(url, 5).begin(REQUEST)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        trusting = Connections(url, 5)
        for _ in range(2):
            answer = trusting.finish(trusting.begin(REQUEST))
            assert (answer.status, answer.body) == (200, b"{}")
        trusting.close()
        with pytest.raises(SSLError):
            Connections(url.replace("127.0.0.1", "localhost"), 5).begin(REQUEST)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.rfile.read(2)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, context):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context

    def get_request(self):
        made, address = super().get_request()
        try:
            return self.context.wrap_socket(made, server_side=True), address
        except OSError:
            made.close()
            raise

    def handle_error(self, *_):
        """A client that does not trust it goes away."""


@contextmanager
def _https(folder):
    """Serve on TLS, for 127.0.0.1 and no other name; yield the address and whom to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    bundle, secret = folder / "bundle.pem", folder / "key.pem"
    bundle.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, secret)
    server = _Server(context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", bundle
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

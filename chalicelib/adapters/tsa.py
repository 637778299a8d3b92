# SPDX-License-Identifier: Apache-2.0
"""`ports.time.TimeAuthority` over HTTP: one RFC 3161 authority, and the roots it is trusted by.

Guarantees that a stamp is returned only if it is over the data asked about, answers this very
request (nonce), and is signed for time stamping by a certificate whose chain leads to a configured
root and was valid at the stamped time; and that nobody waits longer than `DEADLINE_S`. Refuses
plain http off this machine, redirects, answers above `MAX_ANSWER_BYTES`, and certificates that
only the answer itself vouches for.

Source: RFC 3161 sections 2.2 to 2.4 and 3.4; RFC 5816.
"""

import re
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from socket import SHUT_RDWR
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from chalicelib.errors import BadSignature, FatalError, Malformed, Throttled, Unavailable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import VerifierBuilder

TIMEOUT_S: Final = 10
"""Longest silence that is waited for, seconds."""
DEADLINE_S: Final = 20
"""Longest wait for a whole answer, seconds: a proof and its function have not much more."""
MAX_ANSWER_BYTES: Final = 64 * 1024
PACKAGE: Final = Path(__file__).resolve().parents[2]
"""Where a relative path of certificates begins: the checkout, or the Lambda package."""
_OK: Final = 200
_TOO_MANY: Final = 429
_LATER: Final = frozenset({408, 425})
_CLIENT_ERRORS: Final = range(400, 500)
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII
)


class Rfc3161Authority:
    """The authority at ``url``; an empty ``url`` makes no new stamps, and verifies old ones.

    Args:
        certificates: path of a PEM file, relative to the package, of the trusted roots and of
            any intermediate certificate that answers leave out; "" trusts nobody.
    """

    def __init__(self, *, url: str, certificates: str) -> None:
        self._url = url
        self._path = certificates

    @property
    def stamps(self) -> bool:
        """Whether new stamps can be had."""
        return bool(self._url)

    @cached_property
    def certificates(self) -> bytes:
        """PEM of the roots and of any other certificate a chain may need.

        Raises:
            FatalError: the file cannot be read, or holds no certificate.
        """
        if not self._path:
            return b""
        try:
            found = _PEM.findall((PACKAGE / self._path).read_bytes())
        except OSError as error:
            raise FatalError(
                f"the certificates of the time authority cannot be read: {error.strerror}"
            ) from None
        if not found:
            raise FatalError("the file of the time authority's certificates holds none")
        return b"".join(each + b"\n" for each in found)

    @cached_property
    def roots(self) -> tuple[bytes, ...]:
        """DER of each trusted root: the certificates that name themselves as issuer."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return tuple(each.public_bytes(Encoding.DER) for each in self._trusted)

    def stamp(self, data: bytes) -> bytes:
        """Return a verified ``TimeStampResp`` (DER) over ``data``.

        Raises:
            Throttled, Unavailable: no stamp now; ask again later.
            FatalError: the authority refuses, or its answer does not verify.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = (
            TimestampRequestBuilder()
            .data(data)
            .hash_algorithm(HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        response = self._ask(request.as_bytes())
        try:
            _verify(self._verifier().nonce(request.nonce or 0), data, response)
        except (Malformed, BadSignature) as error:
            raise FatalError(f"the time authority's answer does not hold: {error}") from None
        return response

    def verify(self, data: bytes, response: bytes) -> int:
        """Return the stamped time, Unix milliseconds.

        Raises:
            EvidenceError: not a stamp over ``data``, or not by an authority below a trusted root.
        """
        return _verify(self._verifier(), data, response)

    @cached_property
    def _all(self) -> tuple["Certificate", ...]:
        from cryptography.x509 import load_pem_x509_certificates

        if not self.certificates:
            return ()
        try:
            return tuple(load_pem_x509_certificates(self.certificates))
        except ValueError:
            raise FatalError("a certificate of the time authority is malformed") from None

    @property
    def _trusted(self) -> tuple["Certificate", ...]:
        return tuple(each for each in self._all if each.issuer == each.subject)

    def _verifier(self) -> "VerifierBuilder":
        from rfc3161_client import VerifierBuilder

        if not self._trusted:
            raise FatalError("no root certificate of a time authority is configured")
        builder = VerifierBuilder()
        for each in self._all:
            if each in self._trusted:
                builder = builder.add_root_certificate(each)
            else:
                builder = builder.add_intermediate_certificate(each)
        return builder

    def _ask(self, request: bytes) -> bytes:
        """Post a request; one try, because whoever asked asks again later."""
        exchange = _Exchange(urlsplit(self._url), request)
        exchange.start()
        exchange.join(DEADLINE_S)
        if exchange.is_alive():
            exchange.hang_up()
            raise Unavailable("ask the time authority: its answer does not end")
        if exchange.failure is not None:
            raise Unavailable(f"ask the time authority: {exchange.failure}")
        _require_answered(exchange.status)
        if len(exchange.body) > MAX_ANSWER_BYTES:
            raise FatalError("the time authority's answer is too large to be a stamp")
        return exchange.body


class _Exchange(Thread):
    """One request and its answer, apart: a socket's timeout bounds each read, not their sum.

    Attributes:
        failure: name of what went wrong, or None.
    """

    def __init__(self, place: SplitResult, request: bytes) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._request = request
        self._link = _connect(place)
        self.failure: str | None = None
        self.status = 0
        self.body = b""

    def run(self) -> None:
        from http.client import HTTPException

        path, query = self._place.path or "/", self._place.query
        headers = {"Content-Type": "application/timestamp-query", "Connection": "close"}
        try:
            self._link.request("POST", f"{path}?{query}" if query else path, self._request, headers)
            answer = self._link.getresponse()
            self.status = answer.status
            self.body = answer.read(MAX_ANSWER_BYTES + 1)
        except (OSError, HTTPException) as error:
            self.failure = type(error).__name__
        finally:
            self._link.close()

    def hang_up(self) -> None:
        """End the wait for whatever was still to come; nobody reads it any more."""
        link = self._link.sock
        if link is not None:
            with suppress(OSError):
                link.shutdown(SHUT_RDWR)


def _connect(place: SplitResult) -> Any:
    from http.client import HTTPConnection, HTTPSConnection

    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    return kind(place.hostname or "", place.port, timeout=TIMEOUT_S)


def _require_answered(status: int) -> None:
    if status == _TOO_MANY:
        raise Throttled("the time authority asked to wait")
    if status in _CLIENT_ERRORS and status not in _LATER:
        raise FatalError(f"the time authority refuses our requests (status {status})")
    if status != _OK:
        raise Unavailable(f"the time authority answered with status {status}")


def _verify(builder: "VerifierBuilder", data: bytes, response: bytes) -> int:
    from rfc3161_client import VerificationError, decode_timestamp_response

    try:
        stamp = decode_timestamp_response(response)
        signed = stamp.signed_data
        if len(signed.signer_infos) != 1 or not signed.certificates:
            # Whoever verifies later has nothing but the answer and the roots.
            raise Malformed("a time stamp without exactly one signer and its certificate")
        builder.build().verify_message(stamp, data)
        return int(stamp.tst_info.gen_time.timestamp() * 1000)
    except VerificationError as error:
        raise BadSignature(f"a time stamp does not verify: {error}") from None
    except ValueError:
        raise Malformed("not a time-stamp response") from None

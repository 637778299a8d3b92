# SPDX-License-Identifier: Apache-2.0
"""RFC 3161 time stamps of any time, by authorities made for a test, honest or not.

`openssl ts` stamps only the present, so the answer is put together here and signed by `openssl
cms`. Everything lies in a temporary folder that is removed at once.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import new as hash_of
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SEQUENCE, INTEGER, OCTETS, OBJECT, TEXT, WHEN, NULL = 0x30, 2, 4, 6, 12, 0x18, b"\x05\x00"
_HASHES = {
    "sha1": bytes.fromhex("2b0e03021a"),
    "sha256": bytes.fromhex("608648016503040201"),
    "sha384": bytes.fromhex("608648016503040202"),
    "sha512": bytes.fromhex("608648016503040203"),
}
_TSTINFO = "1.2.840.113549.1.9.16.1.4"


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root and a signer below it, all in PEM but `root_der`."""

    root_der: bytes
    root: bytes
    signer: bytes
    signer_key: bytes

    @property
    def policy_line(self) -> bytes:
        return f"# tsa {hash_of('sha256', self.root_der).hexdigest()}\n".encode()


@cache
def authority(
    name: str = "time",
    years: tuple[int, int] = (2020, 2040),
    purpose: str = ExtendedKeyUsageOID.TIME_STAMPING.dotted_string,
) -> Authority:
    """An authority whose signer is valid from the first year to the second."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {part}")])
        for part in ("root", "signer")
    ]

    def certificate(subject: int, public: ec.EllipticCurvePublicKey, first: int, last: int):
        return (
            x509.CertificateBuilder()
            .subject_name(names[subject])
            .issuer_name(names[0])
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(first, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(last, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=not subject, path_length=None), critical=True)
        )

    root = certificate(0, root_key.public_key(), 2000, 2100).sign(root_key, hashes.SHA256())
    usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)])
    signer = (
        certificate(1, key.public_key(), *years)
        .add_extension(usage, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    return Authority(
        root_der=root.public_bytes(Encoding.DER),
        root=root.public_bytes(Encoding.PEM),
        signer=signer.public_bytes(Encoding.PEM),
        signer_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def stamp(
    data: bytes,
    when_ms: int,
    by: Authority | None = None,
    *,
    algorithm: str = "sha256",
    status: bytes | None = None,
    fraction: str = "",
    injected: bytes = b"",
    named: bool = True,
) -> bytes:
    """A response over `data`.

    Args:
        data: what is stamped.
        when_ms: the time the stamp states, Unix milliseconds; `fraction` is appended as it is.
        by: who stamps.
        algorithm: of the imprint.
        status: the whole PKIStatusInfo, in place of a plain "granted".
        injected: PEM of certificates that are carried along.
        named: whether the signature names its certificate (RFC 5816), as a stamp must.
    """
    by = by or authority()
    moment = f"{datetime.fromtimestamp(when_ms // 1000, UTC):%Y%m%d%H%M%S}{fraction}Z"
    imprint = der(
        SEQUENCE,
        der(SEQUENCE, der(OBJECT, _HASHES[algorithm]), NULL),
        der(OCTETS, hash_of(algorithm, data).digest()),
    )
    info = der(
        SEQUENCE,
        der(INTEGER, b"\x01"),
        der(OBJECT, bytes.fromhex("883703")),
        imprint,
        der(INTEGER, b"\x07"),
        der(WHEN, moment.encode()),
    )
    command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md"]
    command += ["sha256", "-econtent_type", _TSTINFO, "-in", "info", "-signer", "signer"]
    command += ["-inkey", "key", *(["-cades"] if named else [])]
    command += ["-certfile", "injected"] if injected else []
    pieces = {"info": info, "signer": by.signer, "key": by.signer_key, "injected": injected}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in pieces.items():
            Path(folder, name).write_bytes(content)
        token = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
    return der(SEQUENCE, status or der(SEQUENCE, der(INTEGER, b"\x00")), token)

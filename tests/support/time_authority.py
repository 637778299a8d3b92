# SPDX-License-Identifier: Apache-2.0
"""A real time-stamping authority for tests: certificates of any age, stamps by `openssl ts`."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
_CONFIGURATION = """\
[tsa]
default_tsa = test
[test]
serial = serial
crypto_device = builtin
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 2.999.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealAuthority:
    """An authority whose keys lie in ``folder``; ``roots`` is the PEM of its root."""

    folder: Path

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, query: bytes) -> bytes:
        """Return the response to a time-stamp query."""
        return _openssl(self.folder, "-reply", "-config", "ts.cnf", "-queryfile", "/dev/stdin",
                        given=query)  # fmt: skip

    def stamp(self, data: bytes) -> bytes:
        """Return a response over ``data`` with the signer's certificate."""
        (self.folder / "data").write_bytes(data)
        return self.answer(_openssl(self.folder, "-query", "-data", "data", "-sha256", "-cert"))


def make_authority(
    folder: Path,
    *,
    signer_days: tuple[int, int] = (-1, 1),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
) -> RealAuthority:
    """Make a root and a signer.

    Args:
        signer_days: from and until when the signer's certificate is valid, days from now.
        purpose: the signer's extended key usage.
    """
    root_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, signer_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{folder.name} {name}")])
        for name in ("root", "signer")
    )
    root = _certificate(root_name, root_name, root_key, (-3650, 3650)).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    signer = (
        _certificate(signer_name, root_name, signer_key, signer_days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in (("root", root), ("signer", signer)):
        signed = made.sign(root_key, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "signer.key").write_bytes(
        signer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "ts.cnf").write_text(_CONFIGURATION)
    (folder / "serial").write_text("01\n")
    return RealAuthority(folder=folder)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.fromtimestamp(time.time_ns() / 1e9, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _openssl(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        ("openssl", "ts", *arguments), cwd=folder, input=given, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

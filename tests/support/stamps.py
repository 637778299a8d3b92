# SPDX-License-Identifier: Apache-2.0
"""RFC 3161 time stamps of any time, always the same bytes: an authority without a clock.

The DER is written out by hand, so that what checks it was written by somebody else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FROM, VALID_UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")
_POLICY = bytes.fromhex("06042a030401")
_ONE, _THREE = b"\x02\x01\x01", b"\x02\x01\x03"


def der(tag: int, *parts: bytes) -> bytes:
    """One DER value."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(size)]) + size + body


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAuthority:
    """A root and a signer under it, both made from a label."""

    root: x509.Certificate
    signer: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    @property
    def root_sha256(self) -> str:
        return sha256(self.root.public_bytes(Encoding.DER)).hexdigest()

    def stamp(self, data: bytes, at_ms: int) -> bytes:
        """A granted response over `data`, made at `at_ms`."""
        moment = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y%m%d%H%M%SZ").encode()
        imprint = der(0x30, _SHA256, der(0x04, sha256(data).digest()))
        info = der(0x30, _ONE, _POLICY, imprint, b"\x02\x01\x07", der(0x18, moment))
        certificate = self.signer.public_bytes(Encoding.DER)
        named = der(0x30, der(0x30, der(0x30, der(0x04, sha256(certificate).digest()))))
        attributes = b"".join(
            sorted(
                (
                    der(0x30, _CONTENT_TYPE, der(0x31, _TST_INFO)),
                    der(0x30, _MESSAGE_DIGEST, der(0x31, der(0x04, sha256(info).digest()))),
                    der(0x30, _SIGNING_CERTIFICATE_V2, der(0x31, named)),
                )
            )
        )
        signature = self.key.sign(der(0x31, attributes), _algorithm())
        who = der(
            0x30, self.signer.issuer.public_bytes(), der(0x02, _number(self.signer.serial_number))
        )
        signer_info = der(
            0x30,
            *(_ONE, who, _SHA256, der(0xA0, attributes), _ECDSA_SHA256, der(0x04, signature)),
        )
        signed = der(
            0x30,
            *(_THREE, der(0x31, _SHA256)),
            der(0x30, _TST_INFO, der(0xA0, der(0x04, info))),
            der(0xA0, certificate),
            der(0x31, signer_info),
        )
        token = der(0x30, _SIGNED_DATA, der(0xA0, signed))
        return der(0x30, der(0x30, b"\x02\x01\x00"), token)


def fixed_authority(label: str) -> FixedAuthority:
    """The authority of this label."""
    root_key, key = (_private(f"{label} {name}") for name in ("root", "signer"))
    root_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{label} {part}")])
        for part in ("root", "signer")
    )
    root = (
        _builder(root_name, root_name, root_key, 1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    signer = (
        _builder(name, root_name, key, 2)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return FixedAuthority(root=root, signer=signer, key=key)


def _private(label: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(sha256(label.encode()).digest(), "big") >> 1
    return ec.derive_private_key(number, ec.SECP256R1())


def _algorithm() -> ec.ECDSA:
    return ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def _number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, serial: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
    )

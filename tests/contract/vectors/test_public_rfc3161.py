# SPDX-License-Identifier: Apache-2.0
"""The published time stamps of trailofbits/rfc3161-client, judged by our own adapter.

Each is judged at its own time: some of these certificates expired since, which takes nothing away.
"""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.adapters.tsa import Rfc3161Authority
from chalicelib.errors import BadSignature, EvidenceError, FatalError, Malformed

HELLO = b"hello"
VALID = {
    "sigstage/response-sha256.tsr": "2025-05-09T11:58:55",
    "sigstage/response-sha384.tsr": "2025-05-09T11:58:55",
    "sigstage/response-sha512.tsr": "2025-05-09T11:58:56",
    "test_tsa/response.tsr": "2024-10-08T15:40:32",
    "identrust/issue-104.tsr": "2025-03-11T08:52:08",
}
# Made by another authority of the same name, whose root is not the one in the folder.
STRANGER = "test_tsa/other_response.tsr"


@pytest.fixture
def stamps(public_vectors: Path) -> Path:
    folder = public_vectors / "trailofbits-rfc3161-client" / "test" / "fixtures"
    if not folder.is_dir():
        pytest.skip("the published time stamps are not among the public vectors here")
    return folder


@pytest.fixture
def authority(stamps: Path, tmp_path: Path):
    """Returns the adapter that trusts the root published beside a stamp, or only another one."""

    def trusting(name: str) -> Rfc3161Authority:
        chain = (stamps / name).parent / "ts_chain.pem"
        if not chain.read_bytes().startswith(b"-----BEGIN"):  # One is DER in spite of its name.
            pem = ssl.DER_cert_to_PEM_cert(chain.read_bytes())
            chain = tmp_path / "chain.pem"
            chain.write_text(pem)
        return Rfc3161Authority(url="", certificates=str(chain))

    return trusting


@pytest.mark.parametrize(("name", "time"), VALID.items())
def test_a_valid_stamp_gives_its_own_time(stamps, authority, name, time):
    time_ms = authority(name).verify(HELLO, (stamps / name).read_bytes())
    assert datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") == time


@pytest.mark.parametrize("name", VALID)
def test_it_holds_for_no_other_data_and_below_no_other_root(stamps, authority, name):
    response = (stamps / name).read_bytes()
    with pytest.raises(BadSignature):
        authority(name).verify(HELLO + b"\n", response)
    other = next(each for each in VALID if each.split("/")[0] != name.split("/")[0])
    with pytest.raises(BadSignature):
        authority(other).verify(HELLO, response)


@pytest.mark.parametrize("name", VALID)
def test_no_changed_bit_gives_another_time(stamps, authority, name):
    response = (stamps / name).read_bytes()
    keeper = authority(name)
    time_ms = keeper.verify(HELLO, response)
    refused = 0
    places = range(0, len(response), max(1, len(response) // 60))
    for place in places:
        changed = bytearray(response)
        changed[place] ^= 0x10
        try:
            assert keeper.verify(HELLO, bytes(changed)) == time_ms
        except EvidenceError:
            refused += 1
    assert refused > len(places) // 2


def test_a_false_signature_is_refused(stamps, authority):
    name = "sigstage/response-invalid-signature.tsr"
    with pytest.raises(BadSignature):
        authority(name).verify(HELLO, (stamps / name).read_bytes())


def test_an_authority_of_the_same_name_below_another_root_is_refused(stamps, authority):
    with pytest.raises(BadSignature):
        authority(STRANGER).verify(HELLO, (stamps / STRANGER).read_bytes())


def test_a_stamp_without_its_signers_certificate_is_refused(stamps, authority):
    """A verifier would have nothing but the roots. One of the two is also of an expired signer."""
    for name, data in (
        ("sigstage/response-no-embedded-cert.tsr", HELLO),
        ("sigstore.mock/response-expired.tsr", (stamps / "sigstore.mock/payload").read_bytes()),
    ):
        with pytest.raises(Malformed):
            authority(name).verify(data, (stamps / name).read_bytes())


def test_injected_certificates_neither_sign_nor_become_trusted(stamps, authority, tmp_path):
    """The certificates of an answer are not signed: a forger adds a self-made one by the same name.

    What was really signed still holds, at its own time and for the real signer; nobody who trusts
    only an injected certificate is fooled.
    """
    name = "test_tsa/response-injected-certs.tsr"
    injected = (stamps / name).read_bytes()
    plain = (stamps / "test_tsa/response.tsr").read_bytes()
    assert authority(name).verify(HELLO, injected) == authority(name).verify(HELLO, plain)
    for number, der in enumerate(_certificates(injected)):
        if der in _certificates(plain):
            continue
        root = tmp_path / f"injected{number}.pem"
        root.write_text(ssl.DER_cert_to_PEM_cert(der))
        with pytest.raises((EvidenceError, FatalError)):
            _trusting_only(root).verify(HELLO, injected)


def _certificates(response: bytes) -> set[bytes]:
    from rfc3161_client import decode_timestamp_response

    return set(decode_timestamp_response(response).signed_data.certificates)


def _trusting_only(root: Path) -> Rfc3161Authority:
    return Rfc3161Authority(url="", certificates=str(root))

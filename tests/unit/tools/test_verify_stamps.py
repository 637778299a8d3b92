# SPDX-License-Identifier: Apache-2.0
"""Other people's time stamps through the verifier's own check (Trail of Bits' rfc3161-client).

The stamps lie beside the repository, with their licence; where they are absent this says so.
"""

import shutil
from pathlib import Path

import pytest

from tests.support.verifier import ORIGINAL

STAMPS = (
    Path(__file__).resolve().parents[4] / "shared/vectors/trailofbits-rfc3161-client/test/fixtures"
)
pytestmark = [
    pytest.mark.skipif(not STAMPS.is_dir(), reason=f"no stamps to try at {STAMPS.name}"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not here"),
]
HELLO = b"hello"


def stamped(response: str, data: bytes = HELLO, chain: str | None = None) -> int:
    """The time the verifier accepts for a stamp, in Unix seconds."""
    path = STAMPS / response
    roots = (path.parent if chain is None else STAMPS / chain) / "ts_chain.pem"
    files = {"anchors/1.note": data, "anchors/1.tsr": path.read_bytes()}
    bundle = ORIGINAL.Bundle(
        files=files,
        deterministic=True,
        policy=None,
        roots=ORIGINAL.pem_certificates(roots.read_bytes()),
    )
    return bundle.stamped_time(1) // 1000


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        ("test_tsa/response.tsr", 1_728_402_032),
        ("sigstage/response-sha256.tsr", 1_746_791_935),
        ("sigstage/response-sha384.tsr", 1_746_791_935),
        ("sigstage/response-sha512.tsr", 1_746_791_936),
    ],
)
def test_a_true_stamp_states_its_time(response, seconds):
    assert stamped(response) == seconds


def test_a_certificate_that_expired_after_the_stamp_takes_nothing_away():
    payload = (STAMPS / "sigstore.mock/payload").read_bytes()
    assert stamped("sigstore.mock/response-expired.tsr", payload) == 1_675_209_600


def test_a_certificate_carried_along_that_did_not_sign_changes_nothing():
    assert stamped("test_tsa/response-injected-certs.tsr") == stamped("test_tsa/response.tsr")


def test_a_stamp_without_its_certificate_is_checked_with_the_one_given():
    data = (STAMPS / "sigstage/response-no-embedded-cert.tsr").read_bytes()
    with pytest.raises(ORIGINAL.BadError):
        stamped("sigstage/response-no-embedded-cert.tsr", data)


@pytest.mark.parametrize(
    ("response", "data"),
    [
        ("sigstage/response-invalid-signature.tsr", HELLO),
        ("test_tsa/response.tsr", b"hello!"),
    ],
)
def test_a_false_stamp_or_one_over_other_bytes_fails(response, data):
    with pytest.raises(ORIGINAL.BadError):
        stamped(response, data)


def test_a_stamp_by_an_authority_nobody_trusts_proves_nothing():
    with pytest.raises(ORIGINAL.UnprovenError):
        stamped("test_tsa/response.tsr", chain="sigstage")

# SPDX-License-Identifier: Apache-2.0
"""What the key ports guarantee: on the fakes, on KMS as moto plays it, and on KMS's own model."""

from pathlib import Path

import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.adapters import aws as clients
from chalicelib.adapters.kms import SETTLING_MS, KmsAddressMac, KmsLinkKeys, KmsLogSigner
from chalicelib.adapters.signing import FileSigner
from chalicelib.adapters.vault import CACHE_MS, EpochKeyWrapper
from chalicelib.domain.ids import decode_id
from chalicelib.errors import BadSignature, Conflict, EvidenceError, FatalError, Unavailable
from chalicelib.proof.sealing import wrapped_epoch
from chalicelib.proof.tokens import TokenKeys
from tests.support.clock import FakeClock, SeededRandom
from tests.support.memory_keys import (
    MemoryAddressMac,
    MemoryKeyWrapper,
    MemoryLinkKeys,
    MemoryLogSigner,
)

SID, OTHER = b"s" * 16, b"o" * 16
KEY = b"k" * 32


def kms_wrapper(clock=None):
    return EpochKeyWrapper(
        key_id="alias/kvitto-vault",
        vault_table="kvitto-vault",
        clock=clock or FakeClock(),
        random=SeededRandom(),
    )


def kms_link_keys(clock=None):
    return KmsLinkKeys(
        key_id="alias/kvitto-links", campaigns_table="kvitto-campaigns", clock=clock or FakeClock()
    )


@pytest.fixture
def kms(tables, kms_keys):
    return kms_keys


@pytest.fixture(params=["memory", "kms"])
def wrapper(request):
    if request.param == "memory":
        return MemoryKeyWrapper()
    request.getfixturevalue("kms")
    return kms_wrapper()


@pytest.fixture(params=["memory", "kms"])
def link_keys(request):
    if request.param == "memory":
        return MemoryLinkKeys()
    request.getfixturevalue("kms")
    return kms_link_keys()


@pytest.fixture(params=["memory", "kms"])
def address_mac(request):
    if request.param == "memory":
        return MemoryAddressMac("example")
    request.getfixturevalue("kms")
    return KmsAddressMac(key_id="alias/kvitto-address", controller="example")


@pytest.fixture(params=["memory", "file"])
def signer(request, tmp_path: Path):
    if request.param == "memory":
        return MemoryLogSigner(b"7" * 32)
    (tmp_path / "log.key").write_bytes(b"7" * 32)
    return FileSigner(tmp_path / "log.key")


def test_a_wrapped_key_opens_for_its_subject_only(wrapper):
    wrapped = wrapper.wrap(SID, KEY)
    assert len(wrapped) <= 150
    assert KEY not in wrapped
    assert wrapper.unwrap(SID, wrapped) == KEY
    with pytest.raises(EvidenceError):
        wrapper.unwrap(OTHER, wrapped)


def test_an_altered_wrapped_key_is_evidence_of_tampering(wrapper):
    wrapped = wrapper.wrap(SID, KEY)
    for place in range(len(wrapped)):
        altered = wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :]
        with pytest.raises(EvidenceError):
            wrapper.unwrap(SID, altered)


def test_wrapping_twice_gives_different_bytes(wrapper):
    assert wrapper.wrap(SID, KEY) != wrapper.wrap(SID, KEY)


def test_an_epoch_key_unwraps_what_the_wrapper_wrapped_without_asking_again(wrapper):
    wrapped = {sid: wrapper.wrap(sid, KEY) for sid in (SID, OTHER)}
    kek = wrapper.kek(wrapped_epoch(wrapped[SID]))
    assert [kek.unwrap(sid, found) for sid, found in wrapped.items()] == [KEY, KEY]
    assert wrapper.unwrap(SID, kek.wrap(SID, KEY, b"n" * 12)) == KEY
    with pytest.raises(EvidenceError):
        kek.unwrap(SID, wrapped[OTHER])


def test_an_epoch_that_does_not_exist_has_no_key(wrapper):
    wrapper.wrap(SID, KEY)
    with pytest.raises(EvidenceError):
        wrapper.kek(2)


def test_an_epoch_key_is_one_object_for_five_minutes(kms):
    clock = FakeClock()
    wrapper = kms_wrapper(clock)
    epoch = wrapped_epoch(wrapper.wrap(SID, KEY))
    first = wrapper.kek(epoch)
    clock.advance(CACHE_MS - 1)
    assert wrapper.kek(epoch) is first
    clock.advance(1)
    assert wrapper.kek(epoch) is not first


def test_every_process_uses_the_one_epoch_key(kms):
    first, second = kms_wrapper(), kms_wrapper()
    assert second.unwrap(SID, first.wrap(SID, KEY)) == KEY
    assert first.unwrap(SID, second.wrap(SID, KEY)) == KEY


def test_a_process_that_loses_the_race_for_the_first_epoch_uses_the_winners(kms, monkeypatch):
    late = kms_wrapper()
    make = late._make

    def lose(epoch):
        kms_wrapper().wrap(OTHER, KEY)
        make(epoch)

    monkeypatch.setattr(late, "_make", lose)
    assert kms_wrapper().unwrap(SID, late.wrap(SID, KEY)) == KEY


def test_the_epoch_key_is_asked_for_again_after_five_minutes_and_not_before(kms):
    clock = FakeClock()
    wrapper = kms_wrapper(clock)
    calls = []
    events = clients.client("kms").meta.events
    events.register("before-call.kms.Decrypt", lambda **_: calls.append(1))
    wrapped = wrapper.wrap(SID, KEY)
    clock.advance(CACHE_MS - 1)
    wrapper.unwrap(SID, wrapped)
    assert len(calls) == 1
    clock.advance(1)
    wrapper.unwrap(SID, wrapped)
    assert len(calls) == 2
    clock.advance(-CACHE_MS)
    wrapper.unwrap(SID, wrapped)
    assert len(calls) == 3


def test_a_newer_epoch_wraps_and_the_older_still_opens(kms):
    clock = FakeClock()
    wrapper = kms_wrapper(clock)
    old = wrapper.wrap(SID, KEY)
    wrapper._make(2)
    assert wrapped_epoch(wrapper.wrap(SID, KEY)) == 1
    clock.advance(CACHE_MS)
    new = wrapper.wrap(SID, KEY)
    assert (wrapped_epoch(old), wrapped_epoch(new)) == (1, 2)
    assert wrapper.unwrap(SID, old) == wrapper.unwrap(SID, new) == KEY


def test_an_epoch_row_moved_to_another_number_does_not_open(kms):
    wrapper = kms_wrapper()
    wrapped = wrapper.wrap(SID, KEY)
    dynamodb = clients.client("dynamodb")
    row = {"pk": {"S": "EPOCH"}, "sk": {"S": "0000000001"}}
    item = dynamodb.get_item(TableName="kvitto-vault", Key=row)["Item"]
    assert KEY not in item["wrapped_key"]["B"]
    dynamodb.put_item(TableName="kvitto-vault", Item={**item, "sk": {"S": "0000000002"}})
    with pytest.raises(EvidenceError):
        kms_wrapper().wrap(SID, KEY)
    assert wrapper.unwrap(SID, wrapped) == KEY


def test_a_mac_is_43_characters_stable_and_its_own_for_each_address(address_mac):
    mac = address_mac.mac("visitor@example.org")
    assert len(decode_id(mac, 32)) == 32
    assert len(mac) == 43
    assert mac == address_mac.mac("visitor@example.org")
    assert mac != address_mac.mac("visitor@example.com")


@pytest.mark.parametrize("people", [0, 1, 30])
def test_many_macs_are_those_of_each_address_in_order(address_mac, people):
    addresses = [f"visitor{number}@example.org" for number in range(people)]
    assert address_mac.macs(addresses) == tuple(map(address_mac.mac, addresses))


def test_of_many_macs_all_are_computed_or_none(kms):
    with pytest.raises(Unavailable) as failed:
        KmsAddressMac(key_id="alias/nothing", controller="x").macs(["a@example.org"] * 9)
    assert "example.org" not in str(failed.value)


def test_a_mac_is_bound_to_its_controller_and_channel(kms):
    ours = KmsAddressMac(key_id="alias/kvitto-address", controller="example")
    theirs = KmsAddressMac(key_id="alias/kvitto-address", controller="other")
    assert ours.mac("visitor@example.org") != theirs.mac("visitor@example.org")
    answer = clients.client("kms").generate_mac(
        KeyId="alias/kvitto-address",
        MacAlgorithm="HMAC_SHA_256",
        Message=b"cl1/email\0example\0visitor@example.org",
    )
    assert decode_id(ours.mac("visitor@example.org"), 32) == answer["Mac"]


def test_a_missing_key_is_unavailable_and_its_message_quotes_no_address(kms):
    with pytest.raises(Unavailable) as failed:
        KmsAddressMac(key_id="alias/nothing", controller="x").mac("visitor@example.org")
    assert "visitor" not in str(failed.value)


def test_link_keys_are_made_once_and_fit_the_token_ring(link_keys):
    masters = link_keys.masters()
    assert [kid for kid, _ in masters] == [0]
    assert link_keys.masters() == masters
    TokenKeys(masters[0][0], dict(masters))


def test_every_process_has_the_same_link_keys(kms):
    assert kms_link_keys().masters() == kms_link_keys().masters()


def test_two_processes_that_make_the_first_link_key_at_once_agree(kms, monkeypatch):
    late = kms_link_keys()
    make = late._make

    def lose(key_id):
        kms_link_keys().masters()
        return make(key_id)

    monkeypatch.setattr(late, "_make", lose)
    assert late.masters() == kms_link_keys().masters()


def test_a_new_link_key_is_readable_everywhere_before_it_makes_links(kms):
    clock = FakeClock()
    keys, elsewhere = kms_link_keys(clock), kms_link_keys(clock)
    elsewhere.masters()
    clock.advance(SETTLING_MS)
    assert keys.rotate() == 1
    assert [kid for kid, _ in keys.masters()] == [0, 1]
    clock.advance(SETTLING_MS - 1)
    assert [kid for kid, _ in elsewhere.masters()] == [0, 1]
    clock.advance(CACHE_MS)
    assert [kid for kid, _ in elsewhere.masters()] == [1, 0]


def test_a_key_added_while_the_first_settles_does_not_make_links(kms):
    clock = FakeClock()
    keys = kms_link_keys(clock)
    keys.masters()
    keys.rotate()
    assert [kid for kid, _ in kms_link_keys(clock).masters()] == [0, 1]


def test_at_most_256_link_keys_exist(kms, monkeypatch):
    keys = kms_link_keys()
    keys._make(255)
    with pytest.raises(Conflict):
        keys.rotate()


def test_link_keys_are_stored_only_wrapped(kms):
    ((_, master),) = kms_link_keys().masters()
    rows = clients.client("dynamodb").scan(TableName="kvitto-campaigns")["Items"]
    assert len(rows) == 1
    assert master not in rows[0]["wrapped_key"]["B"]


def test_a_signature_verifies_with_the_public_key(signer):
    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(signer.sign(b"note"), b"note")
    assert len(signer.sign(b"x" * 4096)) == 64
    with pytest.raises(FatalError):
        signer.sign(b"x" * 4097)


@pytest.mark.parametrize("content", [b"", b"7" * 31, b"7" * 33])
def test_a_log_key_file_is_a_seed_and_nothing_else(tmp_path, content):
    (tmp_path / "log.key").write_bytes(content)
    with pytest.raises(FatalError):
        FileSigner(tmp_path / "log.key").sign(b"note")
    with pytest.raises(FatalError):
        _ = FileSigner(tmp_path / "absent.key").public_key


def public_der(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_kms_signs_raw_ed25519_as_its_own_model_allows(aws):
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    request = {
        "KeyId": "alias/kvitto-log",
        "Message": b"note",
        "MessageType": "RAW",
        "SigningAlgorithm": "ED25519_SHA_512",
    }
    model = clients.client("kms").meta.service_model
    assert "ECC_NIST_EDWARDS25519" in model.shape_for("KeySpec").enum
    assert "ED25519_SHA_512" in model.shape_for("SigningAlgorithmSpec").enum
    with Stubber(clients.client("kms")) as stub:
        stub.add_response("sign", {"Signature": key.sign(b"note")}, request)
        stub.add_response("get_public_key", {"PublicKey": public_der(key)})
        signer = KmsLogSigner(key_id="alias/kvitto-log")
        assert signer.sign(b"note") == key.sign(b"note")
        assert signer.public_key == key.public_key().public_bytes_raw()
        stub.assert_no_pending_responses()


def test_a_signature_kms_cannot_stand_by_is_never_returned(aws):
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    with Stubber(clients.client("kms")) as stub:
        stub.add_response("sign", {"Signature": b"0" * 64})
        stub.add_response("get_public_key", {"PublicKey": public_der(key)})
        with pytest.raises(BadSignature):
            KmsLogSigner(key_id="alias/kvitto-log").sign(b"note")


def test_a_log_key_of_another_kind_is_refused(aws):
    with Stubber(clients.client("kms")) as stub:
        rsa = generate_private_key(public_exponent=65537, key_size=2048)
        stub.add_response("get_public_key", {"PublicKey": public_der(rsa)})
        with pytest.raises(FatalError):
            _ = KmsLogSigner(key_id="alias/kvitto-log").public_key
    with pytest.raises(FatalError):
        KmsLogSigner(key_id="alias/kvitto-log").sign(b"x" * 4097)

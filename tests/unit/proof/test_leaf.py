# SPDX-License-Identifier: Apache-2.0
"""Leaves: closed members, four digests whatever is sealed, one form."""

from dataclasses import replace

import pytest

from chalicelib.domain.events import CONTROLLER_ONLY, SuppressionReason, Via
from chalicelib.domain.events import EventType as DomainEventType
from chalicelib.errors import Malformed
from chalicelib.proof import base64url, canonical, merkle
from chalicelib.proof.disclosure import (
    CLAIM_NAMES,
    MAX_CLAIM_BYTES,
    Claims,
    decode_claims,
    disclose,
    disclosure_digest,
    encode_claims,
    open_disclosure,
)
from chalicelib.proof.event_types import RULES, VIAS, Belongs
from chalicelib.proof.leaf import (
    BadLeaf,
    Erasure,
    LeafFields,
    build_controller_leaf,
    build_leaf,
    parse_leaf,
)
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.vocabulary import EventType

KEYS = SubjectKeys(b"k" * 32, "example.com/ledger", b"s" * 16)
CLAIMS = Claims(subject={"email": "visitor@example.org"}, choice={"newsletter": "on"})
BASE = {"event_id": b"e" * 16, "ts_ms": 1_795_435_200_000, "controller": "demo"}
ERASURE = Erasure(chain_key=b"c" * 32, chain_length=3, vault_ref="4" * 64, final_after_ms=5)
EVERY = {
    "brd": {"brand": "demo"},
    "chn": {"channel": "email"},
    "lst": {"lists": ("weekly", "daily")},
    "pur": {"purposes": ("newsletter",)},
    "ntc": {"notice_sha256": "0" * 64},
    "via": {"via": "page"},
    "man": {"manifest_sha256": "1" * 64},
    "cnt": {"content_sha256": "2" * 64},
    "cmp": {"campaign": "Ab_-1"},
    "chk": {"erasure": ERASURE},
    "fin": {"erasure": ERASURE},
    "kid": {"erasure": ERASURE},
    "num": {"erasure": ERASURE},
}


def fields_for(kind: EventType, members: frozenset[str]) -> LeafFields:
    values = {**BASE, "type": kind}
    for name in members - {"rsn"}:
        values |= EVERY[name]
    if "rsn" in members:
        values["reason"] = min(RULES[kind].reasons)
    return LeafFields(**values)


def built(fields: LeafFields):
    if RULES[fields.type].belongs is Belongs.CONTROLLER:
        return build_controller_leaf(fields)
    return build_leaf(fields, CLAIMS, KEYS, 3)


REQUESTED = fields_for(EventType.CONSENT_REQUESTED, RULES[EventType.CONSENT_REQUESTED].must)
LEAF = built(REQUESTED).leaf


def altered(**members: object) -> bytes:
    stated = canonical.decode(LEAF)
    assert isinstance(stated, dict)
    return canonical.encode({k: v for k, v in {**stated, **members}.items() if v != "absent"})


def test_the_domain_and_the_leaf_format_know_the_same_words():
    assert {*DomainEventType} == {*EventType} == set(RULES)
    assert {kind for kind in EventType if RULES[kind].belongs is Belongs.CONTROLLER} == {
        *CONTROLLER_ONLY
    }
    assert {*Via} == VIAS
    assert RULES[EventType.SUPPRESSION_ADDED].reasons == {*SuppressionReason}


@pytest.mark.parametrize("kind", EventType)
def test_every_type_reads_back_with_least_and_most_members(kind):
    rule = RULES[kind]
    for members in (rule.must, rule.must | rule.may):
        fields = fields_for(kind, members)
        result = built(fields)
        parsed = parse_leaf(result.leaf)
        assert parsed.fields == fields
        assert result.hash == merkle.leaf_hash(result.leaf)
        assert (parsed.tag is None) == (rule.belongs is Belongs.CONTROLLER)


@pytest.mark.parametrize("kind", EventType)
def test_every_type_refuses_a_missing_and_a_foreign_member(kind):
    rule = RULES[kind]
    for name in rule.must - {"chk", "fin", "kid", "num"}:
        with pytest.raises(BadLeaf):
            fields_for(kind, rule.must - {name})
    for name in set(EVERY) - rule.must - rule.may:
        with pytest.raises(BadLeaf):
            fields_for(kind, rule.must | {name})


def test_four_digests_whatever_is_sealed():
    for claims in (Claims(), CLAIMS):
        result = build_leaf(REQUESTED, claims, KEYS, 3)
        parsed = parse_leaf(result.leaf)
        assert len(parsed.digests) == 4
        assert sorted(disclosure_digest(text) for text in result.disclosures) == [*parsed.digests]
        assert {len(base64url.decode(text)) for text in result.disclosures} == {256}
        assert parsed.tag == KEYS.tag(3)


def test_the_same_claims_disclose_the_same_and_open_again():
    texts = disclose(REQUESTED.event_id, CLAIMS, KEYS)
    assert texts == build_leaf(REQUESTED, CLAIMS, KEYS, 9).disclosures
    opened = dict(open_disclosure(text) for text in texts)
    assert tuple(opened) == CLAIM_NAMES
    assert opened == {
        "subject": {"email": "visitor@example.org"},
        "session": None,
        "choice": {"newsletter": "on"},
        "link": None,
    }


def test_sealed_claims_read_back_in_buckets():
    longest = Claims(link={"x": "y" * (MAX_CLAIM_BYTES - len('{"link":{"x":""}}'))})
    for claims in (Claims(), CLAIMS, Claims(link={"x": "y" * 300}), longest):
        text = encode_claims(claims)
        assert len(text) % 256 == 0
        assert decode_claims(text) == claims


def test_claims_sealed_before_they_were_packed_still_read():
    assert decode_claims(b"{}".ljust(256)) == Claims()
    assert decode_claims(b'{"link":{"x":"y"}}'.ljust(256)) == Claims(link={"x": "y"})


def test_a_usual_request_fits_one_bucket():
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    claims = Claims(
        subject={"email": "visitor@example.org", "email_as_typed": "Visitor@example.org"},
        session={"ip": "2001:db8::7", "lang": "sv", "ua": agent, "url": "https://example.org/f"},
        choice={"fields": {}, "form": "demo", "prechecked": False, "version": 3},
        link={"previous": "5f" * 32},
    )
    assert len(encode_claims(claims)) == 256


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"{}".ljust(512),
        b"[]".ljust(256),
        b'{"who":{}}'.ljust(256),
        b'{"link":1}'.ljust(256),
        b'{"link": {}}'.ljust(256),
        encode_claims(Claims())[:-1],
        encode_claims(Claims()) + bytes(256),
        encode_claims(Claims())[:-1] + b"x",
        b"\x02".ljust(256, b"\0"),
        b"\x02\0\5\xff\xff\xff\xff\xff".ljust(256, b"\0"),
        b"\x03" + encode_claims(Claims())[1:],
    ],
)
def test_sealed_claims_in_another_form_are_refused(text):
    with pytest.raises(Malformed):
        decode_claims(text)


def test_a_claim_too_long_to_seal_is_refused():
    with pytest.raises(Malformed):
        build_leaf(REQUESTED, Claims(session={"ua": "x" * 17_000}), KEYS, 0)


@pytest.mark.parametrize(
    "members",
    [
        {"zzz": "free text"},
        {"v": "cl/2"},
        {"typ": "consent.invented"},
        {"typ": 1},
        {"id": "AAAA"},
        {"ts": 0},
        {"ts": True},
        {"ctl": "Demo Ltd"},
        {"brd": "two words"},
        {"brd": ""},
        {"chn": "fax"},
        {"lst": ["weekly", "daily"]},
        {"lst": ["daily", "daily"]},
        {"lst": []},
        {"lst": "weekly"},
        {"pur": ["visitor@example.org"]},
        {"ntc": "0" * 63},
        {"ntc": "A" * 64},
        {"via": "visitor@example.org"},
        {"rsn": "because"},
        {"tag": "absent"},
        {"tag": "AAAA"},
        {"_sd": []},
        {"_sd": "absent"},
        {"_sd_alg": "absent"},
        {"_sd_alg": "sha-512"},
        {"_sd": ["A" * 43] * 4},
        {"cmp": None},
    ],
    ids=str,
)
def test_a_leaf_with_anything_else_in_it_is_refused(members):
    with pytest.raises(Malformed):
        parse_leaf(altered(**members))


def test_a_leaf_too_long_is_never_built():
    many = tuple(f"list-{number:027}" for number in range(2_000))
    with pytest.raises(BadLeaf, match="longer"):
        build_leaf(replace(REQUESTED, lists=many), Claims(), KEYS, 0)


def test_a_leaf_in_another_form_is_refused():
    three = [*parse_leaf(LEAF).digests[:3]]
    for leaf in (b"", b"[]", LEAF + b" ", LEAF.replace(b":", b": ", 1), altered(_sd=three)):
        with pytest.raises(Malformed):
            parse_leaf(leaf)
    with pytest.raises(BadLeaf, match="longer"):
        parse_leaf(LEAF + b" " * 65_536)


def test_a_subject_s_event_needs_a_subject_and_a_controller_s_has_none():
    heartbeat = LeafFields(**BASE, type=EventType.LOG_HEARTBEAT)
    with pytest.raises(BadLeaf):
        build_leaf(heartbeat, Claims(), KEYS, 0)
    with pytest.raises(BadLeaf):
        build_controller_leaf(REQUESTED)
    tagged = canonical.encode(
        {**canonical.decode(build_controller_leaf(heartbeat).leaf), "tag": "A" * 43}
    )
    with pytest.raises(BadLeaf):
        parse_leaf(tagged)


def test_a_controller_s_event_carries_digests_only_when_given():
    fields = LeafFields(**BASE, type=EventType.SUPPRESSION_ADDED, channel="email", reason="manual")
    digests = tuple(disclosure_digest(text) for text in ("b", "a"))
    assert parse_leaf(build_controller_leaf(fields).leaf).digests == ()
    assert parse_leaf(build_controller_leaf(fields, digests=digests).leaf).digests == tuple(
        sorted(digests)
    )
    for wrong in (("AAAA",), (digests[0], digests[0])):
        with pytest.raises(Malformed):
            build_controller_leaf(fields, digests=wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"chain_key": b"short"},
        {"chain_length": 0},
        {"vault_ref": "sid"},
        {"final_after_ms": 0},
    ],
    ids=str,
)
def test_an_erasure_out_of_range_is_refused(change):
    good = {"chain_key": b"c" * 32, "chain_length": 3, "vault_ref": "4" * 64, "final_after_ms": 5}
    with pytest.raises(BadLeaf):
        LeafFields(
            **BASE,
            type=EventType.SUBJECT_ERASED,
            reason="withdrawn",
            erasure=Erasure(**{**good, **change}),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": b"short"},
        {"ts_ms": 0},
        {"ts_ms": 2**53},
        {"type": "no.such"},
        {"lists": ("a", "a")},
    ],
    ids=str,
)
def test_fields_out_of_range_are_refused(change):
    with pytest.raises(BadLeaf):
        LeafFields(**{**BASE, "type": EventType.LOG_HEARTBEAT, **change})


def test_an_id_of_another_alphabet_has_no_second_spelling():
    for text in ("AB==", "A", "A+", "Aé", "AB"):
        with pytest.raises(Malformed):
            base64url.decode(text)
    with pytest.raises(Malformed):
        base64url.decode("AAAA", length=4)


@pytest.mark.parametrize(
    "text",
    [
        b'["%s","choice",null]',
        b'["%s","colour",null]'.ljust(298),
        b'["%s","choice"]'.ljust(298),
        b'["%s","choice","yes"]'.ljust(298),
        b'["AAAA","choice",null]'.ljust(256),
        b'[1,"choice",null]'.ljust(256),
    ],
)
def test_a_disclosure_in_another_form_is_refused(text):
    salt = base64url.encode(b"s" * 32).encode()
    padded = text.replace(b"%s", salt)
    padded = padded[:256] if len(padded) > 256 else padded
    with pytest.raises(Malformed):
        open_disclosure(base64url.encode(padded))

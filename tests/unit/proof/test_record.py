# SPDX-License-Identifier: Apache-2.0
"""Record and receipt are JSON-LD anyone can read, with every field ISO/IEC TS 27560 asks for."""

import json
from dataclasses import replace

import pytest
from pyld import jsonld

from chalicelib.proof import base64url, bundle
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.evidence import Evidence, Party
from chalicelib.proof.record import NOT_STATED, RECEIPT_SCHEMA, RECORD_SCHEMA
from chalicelib.vocabulary import EventType
from tests.support.report_cases import CASES, Case, confirmed, erased, objected
from tests.support.small_log import NOTICE, fixed_bytes

DPV, DCT, SCHEMA = "https://w3id.org/dpv#", "http://purl.org/dc/terms/", "https://schema.org/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
WITHOUT_RECORD = {"objected", "bought", "told to stop, and bought"}
WITH_RECORD = [name for name in CASES if name not in WITHOUT_RECORD]


def refuse(url: str, _: object) -> None:
    raise AssertionError(f"a record needs no network, but asked for {url}")


jsonld.set_document_loader(refuse)


def documents(evidence: Evidence) -> tuple[dict, dict]:
    files = dict(bundle.prepare(evidence).files)
    return json.loads(files["record.jsonld"]), json.loads(files["receipt.jsonld"])


def graph(evidence: Evidence) -> list[dict]:
    """The consent records, with every name written out."""
    return jsonld.expand(documents(evidence)[0])


def one(node: dict, *path: str) -> dict:
    """The first value along a path of properties; each must be there."""
    for name in path:
        assert node.get(name), f"{name} is missing"
        node = node[name][0]
    return node


def text(node: dict, *path: str) -> str:
    value = one(node, *path)
    return value.get("@value") or value["@id"]


@pytest.mark.parametrize("name", WITH_RECORD)
def test_no_word_is_lost_on_the_way_through_json_ld(name):
    for document in documents(CASES[name]().evidence()):
        again = jsonld.compact(jsonld.expand(document), document["@context"], {"graph": False})
        triples = jsonld.to_rdf(document, {"format": "application/n-quads"})
        assert triples == jsonld.to_rdf(again, {"format": "application/n-quads"})
        assert names(document) <= set(triples_names(triples))


def names(document: object) -> set[str]:
    """Every property a document uses, written out."""
    context = document["@context"] if isinstance(document, dict) else {}
    found: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "@context":
                    continue
                if not key.startswith("@"):
                    prefix, _, rest = key.partition(":")
                    found.add(context[prefix] + rest)
                walk(value)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    walk(document)
    return found


def triples_names(triples: str) -> list[str]:
    return [line.split(" ", 2)[1].strip("<>") for line in triples.splitlines()]


@pytest.mark.parametrize("name", WITH_RECORD)
def test_a_record_has_every_field_it_must_have(name):
    for record in graph(CASES[name]().evidence()):
        assert record["@type"] == [f"{DPV}ConsentRecord"]
        assert text(record, f"{DCT}conformsTo") == RECORD_SCHEMA
        assert text(record, f"{DCT}identifier")
        assert text(record, f"{DPV}hasDataSubject")
        assert text(record, f"{DPV}hasNotice", f"{DCT}language")
        for process in record[f"{DPV}hasProcess"]:
            must_have_process(process)
        for entity in record[f"{DPV}hasEntity"]:
            must_have_party(entity)
        for status in record[f"{DPV}hasConsentStatus"]:
            must_have_event(status)


def must_have_process(process: dict) -> None:
    assert process["@type"] == [f"{DPV}Process"]
    assert text(process, f"{DPV}hasPurpose", f"{SKOS}broader") == f"{DPV}Marketing"
    assert text(process, f"{DPV}hasPersonalData", f"{SKOS}broader").endswith("EmailAddress")
    kinds = {kind for item in process[f"{DPV}hasStorageCondition"] for kind in item["@type"]}
    assert kinds == {f"{DPV}StorageLocation", f"{DPV}StorageDuration"}
    assert text(process, f"{DPV}hasDataController")
    assert text(process, f"{DPV}hasRecipient")
    assert text(process, f"{DPV}hasConsentControl", f"{DPV}isExercisedAt")
    assert text(process, f"{DPV}hasJurisdiction").endswith("loc#EU")
    assert text(process, f"{DPV}hasRight", f"{DPV}isExercisedAt")


def must_have_party(entity: dict) -> None:
    assert text(entity, f"{DPV}hasIdentifier")
    assert text(entity, f"{DPV}hasName")
    roles = {"DataController", "DataProcessor", "DataSubject"}
    assert {kind.removeprefix(DPV) for kind in entity["@type"]} & roles
    if f"{DPV}DataSubject" not in entity["@type"]:
        assert one(entity, f"{SCHEMA}contactPoint")
        assert text(entity, f"{SCHEMA}address", f"{SCHEMA}streetAddress")


def must_have_event(status: dict) -> None:
    assert text(status, f"{DPV}hasLegalBasis").endswith("gdpr#A6-1-a")
    assert status["@type"][0].startswith(f"{DPV}Consent") or "Renewed" in status["@type"][0]
    assert text(status, f"{DPV}isIndicatedAtTime").endswith("Z")
    assert text(status, f"{DPV}hasDuration", "http://www.w3.org/1999/02/22-rdf-syntax-ns#value")
    assert one(status, f"{DPV}isIndicatedBy")
    assert text(status, f"{DPV}hasIndicationMethod")


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("confirmed", ["ConsentRequested", "ConsentGiven"]),
        ("withdrawn by page", ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]),
        ("withdrawn by complaint", ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]),
        ("never confirmed", ["ConsentRequested"]),
        ("refused", ["ConsentRequested", "ConsentRefused"]),
        ("imported", ["ConsentUnknown"]),
        ("attested", ["ConsentUnknown"]),
        ("objected and attested", ["ConsentUnknown"]),
        ("erased", ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]),
    ],
)
def test_the_history_of_states_is_the_chain_s(name, states):
    (record,) = graph(CASES[name]().evidence())
    told = [status["@type"][0] for status in record[f"{DPV}hasConsentStatus"]]
    assert told == [f"{DPV}{state}" for state in states]


def test_the_record_is_named_by_the_request_and_the_subject_by_its_random_id():
    case = confirmed()
    (record,) = graph(case.evidence())
    request = base64url.encode(fixed_bytes("person event 0", 16))
    assert text(record, f"{DCT}identifier") == request
    subject = next(
        entity for entity in record[f"{DPV}hasEntity"] if entity["@type"] == [f"{DPV}DataSubject"]
    )
    assert text(subject, f"{DCT}identifier") == base64url.encode(case.sid)
    assert text(record, f"{DPV}hasNotice", f"{DCT}identifier") == NOTICE


@pytest.mark.parametrize("name", WITH_RECORD)
def test_no_address_of_the_person_is_in_it(name):
    files = dict(bundle.prepare(CASES[name]().evidence()).files)
    for file in ("record.jsonld", "receipt.jsonld"):
        assert b"visitor@" not in files[file].lower()
        assert b"192.0.2" not in files[file]


def test_a_receipt_holds_the_records_and_says_when_it_was_made():
    evidence = confirmed().evidence()
    record, receipt = documents(evidence)
    assert receipt["@type"] == "dpv:ConsentReceipt"
    assert receipt["dct:conformsTo"] == {"@id": RECEIPT_SCHEMA}
    assert receipt["dct:identifier"] == receipt["dpv:hasIdentifier"] == evidence.bundle_id
    assert receipt["dct:created"]["@value"] == "2026-11-24T12:00:00.000Z"
    assert receipt["dpv:hasRecordOfActivity"] == record["@graph"]


def test_what_is_no_consent_gets_no_record():
    assert not {name for name, _ in bundle.prepare(objected().evidence()).files} & {
        "record.jsonld",
        "receipt.jsonld",
    }


def test_what_nobody_recorded_is_said_to_be_unrecorded():
    evidence = confirmed().evidence(party=Party(), controller="", base_url="", sid="")
    evidence = replace(evidence, campaigns=(), deliveries=())
    (record,) = graph(evidence)
    controller = next(
        entity for entity in record[f"{DPV}hasEntity"] if f"{DPV}DataController" in entity["@type"]
    )
    assert text(controller, f"{DPV}hasName") == NOT_STATED
    must_have_party(controller)
    must_have_process(record[f"{DPV}hasProcess"][0])


def test_what_another_system_states_is_claimed_by_the_controller_and_lifts_no_earlier_no():
    for name, says in (("attested", "not proven"), ("objected and attested", "is not lifted")):
        (record,) = graph(CASES[name]().evidence())
        (status,) = record[f"{DPV}hasConsentStatus"]
        method = text(status, f"{DPV}hasIndicationMethod")
        assert method.startswith("another system of the controller; the consent is claimed")
        assert method.endswith(says)


def test_an_erased_subject_is_named_by_what_the_erasure_shows():
    case = erased()
    record = graph(case.evidence())[0]
    assert base64url.encode(case.sid) not in json.dumps(record)
    kid = json.loads(case.person.entries[-1][1].leaf)["kid"]
    assert text(record, f"{DPV}hasDataSubject").endswith(f"#subject/{kid}")


def test_who_submitted_a_form_is_not_said_to_be_the_data_subject():
    (record,) = graph(confirmed().evidence())
    asked, given = record[f"{DPV}hasConsentStatus"]
    assert "@id" not in one(asked, f"{DPV}isIndicatedBy")
    assert one(given, f"{DPV}isIndicatedBy") == one(record, f"{DPV}hasDataSubject")


def test_a_change_names_what_is_left():
    case = confirmed().only(EventType.CONSENT_CHANGED, Claims(), purposes=("newsletter",))
    (record,) = graph(case.evidence())
    changed = record[f"{DPV}hasConsentStatus"][-1]
    assert text(changed, f"{DPV}hasPurpose", f"{DCT}identifier") == "newsletter"


def test_a_change_that_leaves_nothing_of_a_consent_is_its_withdrawal():
    named = {"lists": ("newsletter",), "purposes": ("other",), "via": "page"}
    (record,) = graph(confirmed().end(EventType.CONSENT_CHANGED, **named).evidence())
    changed = record[f"{DPV}hasConsentStatus"][-1]
    assert f"{DPV}ConsentWithdrawn" in changed["@type"]
    assert f"{DPV}hasPurpose" not in changed


def test_each_request_has_a_record_of_its_own():
    assert len(graph(Case().ask().ask().confirm().evidence())) == 2

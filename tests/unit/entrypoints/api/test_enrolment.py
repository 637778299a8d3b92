# SPDX-License-Identifier: Apache-2.0
"""Enrolment over the API: three bases, each with all it rests on, and none lifts anything."""

from datetime import UTC, datetime

import pytest

from chalicelib.domain.events import Via
from chalicelib.domain.state import ConsentKey, Grade
from chalicelib.services.entries import event_of_leaf, open_claims
from tests.support.world import READER

EMAIL = "buyer@example.org"
VISITOR = {"ip": "203.0.113.9", "user_agent": "Shop/1", "page": "https://shop.example.org/pay?s=1"}
KEY = ConsentKey("demo", "email", "newsletter", "newsletter")
DAY_MS = 86_400_000


def at(world, ago_ms=0):
    moment = datetime.fromtimestamp((world.time.now_ms() - ago_ms) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds")


def opt_in(**more):
    body = {"basis": "double-opt-in", "email": EMAIL, "form": "demo", "visitor": VISITOR}
    return {**body, "boxes": {"newsletter": True}, **more}


def attested(world, **more):
    body = {"basis": "attested", "email": EMAIL, "form": "demo", "visitor": VISITOR}
    return {**body, "boxes": {"newsletter": True, "measurement": False}, "at": at(world), **more}


def sale(world, **more):
    return {
        "basis": "soft-opt-in",
        "email": EMAIL,
        "brand": "demo",
        "list": "newsletter",
        "purpose": "newsletter",
        "sale": {"reference": "order 17", "product": "garden tools", "at": at(world)},
        "objection_offered": {"how": "unticked box beside the address", "at": at(world)},
        **more,
    }


def last(world, sid):
    """The newest entry of a chain: what its leaf shows, and what is sealed beside it."""
    entry = world.store.history(sid)[-1]
    return event_of_leaf(entry.leaf), open_claims(world.ledger.open(sid).keys, entry)


def mailed(world):
    return [mail.message.to for mail in world.mails]


@pytest.mark.parametrize(
    "fields", [{"measurement": "yes"}, {"email": "other@example.org"}, {"shoe_size": "39"}]
)
def test_fields_that_are_not_the_forms_are_refused_so_that_none_ticks_a_box(api, world, fields):
    boxes, before = {"newsletter": True, "measurement": False}, len(world.rows.entries)
    refused = api.post("/api/v1/subscribers", json=opt_in(fields=fields, boxes=boxes))
    assert (refused.status, refused.json["code"]) == (422, "bad_fields")
    assert len(world.rows.entries) == before


@pytest.mark.parametrize("basis", [None, "", "consent", "bought", "import", 7, ["attested"]])
def test_any_other_basis_is_refused_with_the_three_and_why(api, basis):
    body = {"email": EMAIL} if basis is None else {"email": EMAIL, "basis": basis}
    refused = api.post("/api/v1/subscribers", json=body)
    assert (refused.status, refused.json["code"]) == (422, "bad_basis")
    for name in ("double-opt-in", "attested", "soft-opt-in"):
        assert name in refused.json["detail"]


def test_a_body_without_any_shape_is_refused_likewise(api):
    assert api.post("/api/v1/subscribers", json=["attested"]).json["code"] == "bad_basis"


def test_a_double_opt_in_is_only_asked_for_and_confirmed_by_the_person(world, api):
    asked = api.post("/api/v1/subscribers", json=opt_in(language="sv", tag="spring"))
    assert asked.status == 202
    world.settle()
    sid = world.ledger.lookup(world.ledger.mac(EMAIL)).sid
    assert world.types(sid) == ["consent.requested", "consent.mail_sent"]
    entry = world.store.history(sid)[0]
    claims = open_claims(world.ledger.open(sid).keys, entry)
    assert (claims.session["ip"], claims.session["lang"]) == ("203.0.113.9", "sv")
    assert (claims.choice["shown_as"], claims.choice["tag"]) == ("api", "spring")
    world.confirmation.confirm(world.confirm_token(EMAIL), READER)
    assert world.state(sid).consents[KEY].grade is Grade.B


def test_a_double_opt_in_answers_the_same_for_every_address(world, api):
    """Design §2, promise 9."""
    world.subscribe("known@example.org")
    world.subscribe("gone@example.org")
    world.suppressions.add("gone@example.org", "manual")
    answers = {
        api.post("/api/v1/subscribers", json=opt_in(email=email)).body
        for email in (EMAIL, "known@example.org", "gone@example.org")
    }
    assert len(answers) == 1
    assert b"example.org" not in answers.pop()


@pytest.mark.parametrize("email", ["buyer@shop.nomail.test", "buyer@missing.test"])
def test_a_double_opt_in_is_not_asked_for_where_no_mail_arrives(world, api, email):
    refused = api.post("/api/v1/subscribers", json=opt_in(email=email))
    assert (refused.status, refused.json["code"]) == (422, "undeliverable_address")
    assert email not in refused.text
    assert "suggestion" not in refused.json
    world.dns.set("gmial.con", "MX", "0 .")
    meant = api.post("/api/v1/subscribers", json=opt_in(email="buyer@gmial.con"))
    assert meant.json["suggestion"] == "buyer@gmail.com"
    assert not world.rows.states


def test_what_is_stated_is_recorded_and_said_to_reach_nobody(world, api):
    for email, told in (
        ("buyer@shop.nomail.test", {"no_mail": True}),
        ("buyer@mailinator.com", {"disposable": True}),
        ("info@example.org", {"role": True}),
        ("buyer@gmaill.com", {"disposable": False, "suggestion": "buyer@gmail.com"}),
        ("buyer@broken.test", {}),
    ):
        nothing = {"no_mail": False, "disposable": False, "role": False, "suggestion": None}
        for body in (attested(world, email=email), sale(world, email=email)):
            made = api.post("/api/v1/subscribers", json=body)
            assert (made.status, made.json["hygiene"]) == (201, nothing | told), email


def test_a_double_opt_in_needs_what_the_form_needs(api):
    refused = api.post("/api/v1/subscribers", json=opt_in(boxes={"measurement": True}))
    assert (refused.status, refused.json["code"]) == (422, "bad_submission")
    assert {"field": "newsletter", "code": "consent_missing"} in refused.json["errors"]
    assert api.post("/api/v1/subscribers", json=opt_in(form="none")).status == 404


def test_an_attested_consent_is_of_grade_c_with_all_it_rests_on(world, api):
    made = api.post("/api/v1/subscribers", json=attested(world, tag="till", language="de"))
    assert made.status == 201
    assert (made.json["status"], made.json["reason"]) == ("recorded", None)
    sid = made.json["id"]
    event, claims = last(world, sid)
    assert (str(event.type), event.via) == ("consent.imported", Via.API)
    assert event.notice == world.forms.get("demo").notice("de").sha256
    assert (event.lists, event.purposes) == (("newsletter",), ("newsletter",))
    assert claims.choice["boxes"] == {"newsletter": True, "measurement": False}
    assert claims.choice["claimed_ts"] <= world.time.now_ms()
    assert claims.choice["grade"] == "C"
    assert claims.session["ip"] == "203.0.113.9"
    assert world.state(sid).consents[KEY].grade is Grade.C
    subscriber = api.get(f"/api/v1/subscribers/{sid}").json
    assert subscriber["lists"] == [{"id": "newsletter", "status": "given"}]
    world.campaign()
    world.settle()
    assert mailed(world) == [EMAIL]


@pytest.mark.parametrize("make", [lambda _: opt_in(), attested], ids=["double-opt-in", "attested"])
def test_without_a_language_the_notice_is_that_of_the_brands_own(world, api, make):
    """Else the entry would say that somebody read a notice in a language they were not shown."""
    world.setup.change_brand("demo", {"default_language": "sv"})
    assert api.post("/api/v1/subscribers", json=make(world)).status in (201, 202)
    sid = world.ledger.lookup(world.ledger.mac(EMAIL)).sid
    event, claims = last(world, sid)
    assert claims.session["lang"] == "sv"
    assert event.notice == world.forms.get("demo").notice("sv").sha256


def test_an_attested_consent_may_name_the_notice_instead_of_the_form(world, api):
    body = attested(world, notice=world.forms.get("demo").notice("fr").sha256)
    del body["form"]
    sid = api.post("/api/v1/subscribers", json=body).json["id"]
    assert last(world, sid)[1].choice["form"] == "demo"
    for wrong in ({**body, "notice": "0" * 64}, {**attested(world), "notice": "0" * 64}):
        assert api.post("/api/v1/subscribers", json=wrong).json["code"] == "bad_notice"
    del body["notice"]
    assert api.post("/api/v1/subscribers", json=body).json["code"] == "invalid_body"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"boxes": {"newsletter": False}}, "bad_boxes"),
        ({"boxes": {"newsletter": True, "partners": True}}, "bad_boxes"),
        ({"boxes": {"newsletter": "yes"}}, "invalid_body"),
        ({"visitor": {"ip": "somewhere"}}, "bad_visitor"),
        ({"visitor": {}}, "invalid_body"),
        ({"at": "yesterday"}, "invalid_body"),
        ({"at": "2026-02-30T00:00:00Z"}, "invalid_body"),
        ({"email": "no address"}, "malformed_address"),
        ({"prechecked": True}, "invalid_body"),
    ],
)
def test_an_attested_consent_that_lacks_a_piece_is_refused(world, api, change, code):
    before = len(world.rows.entries)
    refused = api.post("/api/v1/subscribers", json=attested(world, **change))
    assert (refused.status, refused.json["code"]) == (422, code)
    assert len(world.rows.entries) == before


@pytest.mark.parametrize("ago_ms", [31 * DAY_MS, -DAY_MS])
def test_an_attested_act_is_neither_old_nor_to_come(world, api, ago_ms):
    world.time.advance(40 * DAY_MS)
    refused = api.post("/api/v1/subscribers", json=attested(world, at=at(world, ago_ms)))
    assert refused.json["code"] == "bad_time"


def test_a_notice_published_after_the_act_cannot_have_been_shown(world, api):
    refused = api.post("/api/v1/subscribers", json=attested(world, at=at(world, DAY_MS)))
    assert refused.json["code"] == "bad_notice"


def test_a_soft_opt_in_is_a_basis_and_no_consent(world, api):
    made = api.post("/api/v1/subscribers", json=sale(world))
    assert (made.status, made.json["status"]) == (201, "recorded")
    sid = made.json["id"]
    event, claims = last(world, sid)
    assert (str(event.type), event.lists) == ("basis.recorded", ("newsletter",))
    assert (claims.choice["sale"], claims.choice["product"]) == ("order 17", "garden tools")
    assert claims.choice["objection_how"] == "unticked box beside the address"
    assert not world.state(sid).consents
    listed = api.get(f"/api/v1/subscribers/{sid}").json["lists"]
    assert listed == [{"id": "newsletter", "status": "soft-opt-in"}]
    world.campaign()
    world.settle()
    assert mailed(world) == [EMAIL]
    (row,) = (seen.row for seen in world.sending_rows.deliveries.values())
    assert (str(row.basis), row.entry) == ("soft-opt-in", 0)


def test_who_objects_gets_no_more_whatever_they_buy_again(world, api):
    """Design §2, promise 10, from the check-out to the mailbox."""
    api.post("/api/v1/subscribers", json=sale(world))
    world.campaign()
    world.settle()
    link = dict(world.mails[-1].message.headers)["List-Unsubscribe"]
    token = link.partition(">")[0].rpartition("/")[2]
    world.unsubscribe.withdraw(token, READER, Via.LIST_UNSUB_POST)
    again = [sale(world), attested(world)]
    answers = [api.post("/api/v1/subscribers", json=body).json for body in again]
    assert [answer["status"] for answer in answers] == ["blocked", "blocked"]
    assert {answer["reason"] for answer in answers} == {"objected"}
    world.campaign("Second")
    world.settle()
    assert mailed(world) == [EMAIL]


@pytest.mark.parametrize("make", [attested, sale])
def test_a_suppressed_address_is_blocked_though_nobody_was_known(world, api, make):
    world.suppressions.add(EMAIL, "complaint")
    made = api.post("/api/v1/subscribers", json=make(world))
    assert (made.status, made.json["status"]) == (201, "blocked")
    assert made.json["reason"] == "suppressed"
    assert world.types(made.json["id"])[0] == "suppression.added"
    world.campaign()
    world.settle()
    assert mailed(world) == []


def test_somebody_known_keeps_their_profile(world, api):
    sid = world.subscribe(EMAIL, first_name="Astrid")
    made = api.post(
        "/api/v1/subscribers", json=attested(world, attributes={"first_name": "Somebody"})
    )
    assert made.json["id"] == sid
    assert world.state(sid).consents[KEY].grade is Grade.B
    assert api.get(f"/api/v1/subscribers/{sid}").json["attributes"]["first_name"] == "Astrid"


def test_a_soft_opt_in_names_a_list_of_its_brand_and_a_time_that_was(world, api):
    late = {"how": "in a mail", "at": at(world)}
    world.time.advance(1)
    old = {"reference": "r", "product": "p", "at": at(world, 3 * DAY_MS)}
    for change, code in (
        ({"list": "nowhere"}, "bad_list"),
        ({"brand": "nobody"}, "bad_brand"),
        ({"sale": old, "objection_offered": late}, "bad_objection_offer"),
        ({"sale": {**old, "at": at(world, -DAY_MS)}}, "bad_time"),
        ({"sale": {"reference": "r", "product": "p"}}, "invalid_body"),
    ):
        refused = api.post("/api/v1/subscribers", json=sale(world, **change))
        assert (refused.status, refused.json["code"]) == (422, code)


def test_a_repeated_post_changes_nothing_and_keeps_its_status(world, api):
    for body in (opt_in(), attested(world), sale(world)):
        headers = {"Idempotency-Key": body["basis"]}
        first = api.post("/api/v1/subscribers", json=body, headers=headers)
        count = len(world.rows.entries)
        again = api.post("/api/v1/subscribers", json=body, headers=headers)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["idempotency-replayed"] == "true"
        assert len(world.rows.entries) == count


def test_a_key_that_only_reads_enrols_nobody(world, api):
    made = api.post("/api/v1/api-keys", json={"name": "reader", "scopes": ["compliance"]})
    api.key = made.json["key"]
    assert api.post("/api/v1/subscribers", json=sale(world)).status == 403

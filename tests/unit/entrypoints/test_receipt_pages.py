# SPDX-License-Identifier: Apache-2.0
"""Receipts over HTTP: who sees what, what can be checked elsewhere, and looking is only that."""

import html
import json
import re
from hashlib import sha256

import pytest

from chalicelib.errors import Unavailable
from chalicelib.proof import base64url
from chalicelib.proof.disclosure import disclosure_digest, open_disclosure
from chalicelib.proof.policy import parse_policy
from chalicelib.proof.tlog_proof import TlogProof

EMAIL = "visitor@example.org"
PATH = re.compile(r'href="(/receipt/[\w-]+)')


def path_in(reply):
    return PATH.search(reply.text)[1]


@pytest.fixture
def confirmed(web, world):
    """The path of the receipt that a confirmation led to."""
    world.sign_up(EMAIL)
    world.settle()
    token = world.confirm_token(EMAIL)
    return path_in(web.post(f"/confirm/{token}", form={"answer": "confirm", "language": "en"}))


def test_a_receipt_not_yet_in_the_log_says_to_look_again(web, confirmed):
    reply = web.get(confirmed)
    assert reply.heading == "The receipt is being written"
    assert EMAIL not in reply.text
    assert "<script" not in reply.text


def test_a_confirmation_s_receipt_shows_the_person_s_own_values(web, world, confirmed):
    world.settle()
    reply = web.get(confirmed)
    assert reply.heading == "Your receipt"
    for shown in (EMAIL, "192.0.2.7", "Newsletter", "Yes, Example Controller may send me"):
        assert shown in reply.text


def test_looking_at_a_receipt_appends_nothing(web, world, confirmed):
    world.settle()
    before = len(world.rows.entries)
    for method in ("GET", "HEAD", "GET"):
        assert web.ask(method, confirmed).status == 200
    assert len(world.rows.entries) == before


def test_only_the_one_known_script_may_run(web, world, confirmed):
    world.settle()
    reply = web.get(confirmed)
    (script,) = re.findall(r"<script>(.*?)</script>", reply.text, re.DOTALL)
    policy = reply.headers["content-security-policy"]
    (allowed,) = re.findall(r"script-src ([^;]+)", policy)
    digest = sha256(script.encode()).digest()
    assert allowed == f"'sha256-{base64url.encode(digest).replace('-', '+').replace('_', '/')}='"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


def test_the_files_are_enough_to_check_it_with_other_software(web, world, confirmed):
    world.settle()
    policy = parse_policy(web.get("/ledger/policy").body)
    for name in ("signup", "act"):
        leaf = web.get(f"{confirmed}?part={name}.leaf.json").body
        proof = web.get(f"{confirmed}?part={name}.tlog-proof").body
        TlogProof.parse(proof).verify(leaf, policy)
        disclosures = web.get(f"{confirmed}?part={name}.disclosures").text.split()
        assert {disclosure_digest(text) for text in disclosures} == set(json.loads(leaf)["_sd"])
        opened = dict(open_disclosure(text) for text in disclosures)
        assert opened["session"]["ip"] == "192.0.2.7"
    notice = web.get(f"{confirmed}?part=notice.html")
    assert sha256(notice.body).hexdigest() == json.loads(leaf)["ntc"]
    assert notice.headers["content-disposition"] == 'attachment; filename="notice.html"'
    assert web.get(f"{confirmed}?part=subject.json").status == 404


@pytest.mark.parametrize("act", ["unsubscribe", "refuse"])
def test_a_forwarded_mail_s_reader_sees_nothing_personal(web, world, request, act):
    if act == "unsubscribe":
        page = web.post(request.getfixturevalue("unsubscribe"), b"List-Unsubscribe=One-Click")
    else:
        world.sign_up(EMAIL)
        world.settle()
        page = web.post(f"/confirm/{world.confirm_token(EMAIL)}", form={"answer": "refuse"})
    path = path_in(page)
    world.settle()
    reply = web.get(path)
    assert reply.heading == "Receipt"
    for personal in (EMAIL, "192.0.2.7", "198.51.100.4"):
        assert personal not in reply.text
    assert web.get(f"{path}?part=act.tlog-proof").status == 200
    assert web.get(f"{path}?part=act.disclosures").status == 404
    assert '"disclosures": []' in reply.text


def test_no_page_gives_the_full_receipt_away_later(web, world, confirmed):
    token = world.confirm_token(EMAIL)
    for reply in (
        web.get(f"/confirm/{token}"),
        web.post(f"/confirm/{token}", form={"answer": "confirm"}),
        web.post(f"/confirm/{token}", form={"answer": "refuse"}),
    ):
        assert "/receipt/" not in reply.text


@pytest.mark.parametrize("act", ["confirmed", "unsubscribe"])
def test_after_an_erasure_nothing_personal_is_left(web, world, request, act):
    path = request.getfixturevalue(act)
    if act == "unsubscribe":
        path = path_in(web.post(path, b"List-Unsubscribe=One-Click"))
    world.settle()
    (sid,) = world.rows.vault
    asked = world.erasures.request({"subscriber": sid}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    reply = web.get(path)
    assert reply.heading == "This record was erased"
    assert EMAIL not in reply.text
    assert "evidence" not in reply.text
    assert web.get(f"{path}?part=act.leaf.json").status == 404


@pytest.mark.parametrize("token", ["none", "A" * 66, "%00"])
def test_another_text_is_no_receipt(web, token):
    assert web.get(f"/receipt/{token}").status == 404


def test_a_link_of_another_purpose_is_no_receipt(web, unsubscribe):
    assert web.get(unsubscribe.replace("unsubscribe", "receipt")).status == 404


def test_a_confirmation_stands_even_when_its_receipt_cannot_be_linked(web, world, monkeypatch):
    world.sign_up(EMAIL)
    world.settle()
    token = world.confirm_token(EMAIL)

    def broken(*_):
        raise Unavailable("the keys are away")

    monkeypatch.setattr(world.receipts, "token", broken)
    reply = web.post(f"/confirm/{token}", form={"answer": "confirm", "language": "en"})
    assert reply.heading.startswith("Thank you")
    assert "/receipt/" not in reply.text


def test_a_receipt_is_given_in_each_language(web, world, confirmed):
    world.settle()
    headings = {
        web.get(f"{confirmed}?language={code}").heading for code in ("en", "sv", "de", "fr")
    }
    assert headings == {"Your receipt", "Ditt kvitto", "Ihr Beleg", "Votre reçu"}


@pytest.mark.parametrize("code", ["en", "sv", "de", "fr"])
def test_what_was_agreed_to_is_told_in_the_words_that_were_shown(web, world, confirmed, code):
    world.settle()
    form = world.signup.form("demo")[0]
    texts = form.boxes[0].text
    shown = html.unescape(web.get(f"{confirmed}?language={code}").text)
    assert texts["en"] in shown
    assert not any(texts[other] in shown for other in ("sv", "de", "fr"))
    assert ('<p class="quote" lang="en">' in shown) == (code != "en")

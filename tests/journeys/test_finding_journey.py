# SPDX-License-Identifier: Apache-2.0
"""Journey 6: a complaint comes in, and whatever its writer has leads to the mail and its basis."""

from email import message_from_string
from email.message import EmailMessage
from email.policy import default

import pytest

from tests.support.local_run import until
from tests.support.stack import files_of, link_in

SUBJECT = "Found by what you have"
HTML = "<p>News</p><p><a href='https://example.com/a'>read</a></p>"


@pytest.fixture(scope="module")
def reader(stack):
    """Somebody with a campaign's mail that SES reported delivered."""
    email = stack.address("complainant")
    stack.subscribe(email)
    stack.finished(stack.send_campaign(SUBJECT, HTML))
    mail = stack.wait_mail(email, SUBJECT)
    until(lambda: search(stack, message_id=mail["id"]).status == 200, "SES's first event")
    return email, mail


def search(stack, **clue):
    return stack.api("POST", "/subscribers/search", clue)


def attached(raw):
    outer = complaint("The mail is attached.")
    outer.add_attachment(message_from_string(raw, policy=default))
    return outer.as_string()


def inline(raw):
    text = message_from_string(raw, policy=default).get_body(("plain",)).get_content()
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    return complaint(f"---------- Forwarded message ----------\n{quoted}\n").as_string()


def replied(raw):
    mail = complaint("Where did you get my address?")
    mail["In-Reply-To"] = message_from_string(raw, policy=default)["Message-ID"]
    return mail.as_string()


def complaint(text):
    mail = EmailMessage()
    mail["From"] = "A complainant <complainant@example.net>"
    mail["Subject"] = f"Fwd: {SUBJECT}"
    mail["Message-ID"] = "<1@example.net>"
    mail.set_content(text)
    return mail


def test_every_clue_leads_to_the_same_mail_and_the_same_entry(stack, reader):
    email, mail = reader
    leave = dict(mail["headers"])["List-Unsubscribe"]
    header = message_from_string(mail["raw"], policy=default)["Message-ID"]
    clues = (
        {"link": leave},
        {"link": link_in(mail["text"], "/unsubscribe").rpartition("/")[2]},
        {"message_id": mail["id"]},
        {"message_id": header},
        {"eml": mail["raw"]},
        {"eml": attached(mail["raw"])},
        {"eml": inline(mail["raw"])},
        {"eml": replied(mail["raw"])},
    )
    answers = [search(stack, **clue) for clue in clues]
    assert [answer.status for answer in answers] == [200] * len(clues)
    found = [answer.json["mails"] for answer in answers]
    assert all(len(mails) == 1 for mails in found)
    assert {(mails[0]["delivery"], mails[0]["entry"]["id"]) for mails in found} == {
        (mail["tags"]["r"], found[0][0]["entry"]["id"])
    }
    (first,) = found[0]
    assert (first["subject"], first["message_id"]) == (SUBJECT, mail["id"])
    assert (first["event"], first["entry"]["type"]) == ("Delivery", "consent.confirmed")
    # Of a campaign's delivered mail only its place is kept (docs/spec/sending.md §11.10).
    assert first["answer"] is None
    assert {answer.json["email"] for answer in answers} == {email}


def test_the_confirmation_mail_leads_to_the_request(stack, reader):
    email, _ = reader
    first = stack.mails(email)[0]
    until(lambda: search(stack, message_id=first["id"]).status == 200, "SES's first event")
    (mail,) = search(stack, eml=first["raw"]).json["mails"]
    assert (mail["campaign"], mail["entry"]["type"]) == (None, "consent.requested")


def test_each_search_stands_in_the_persons_chain_and_in_words_in_their_proof(stack, reader):
    email, _ = reader
    sid = search(stack, email=email).json["subscriber"]
    items = stack.api("POST", f"/subscribers/{sid}/timeline", {"open": True}).json["items"]
    assert items[-1]["sentence"] == "Sealed data opened by the controller (search)."
    assert items[-2]["opened"]["link"]["clue"] == "email"
    report = files_of(stack.export_proof(email=email))["report.html"].decode()
    assert "Sealed data opened by the controller (search)" in report
    assert "found by: email" in report


def test_a_proof_is_asked_for_by_message_id(stack, reader):
    _, mail = reader
    assert stack.export_proof(message_id=mail["id"]).startswith(b"PK")

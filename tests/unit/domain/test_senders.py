# SPDX-License-Identifier: Apache-2.0
"""An address that tells people not to answer is refused as a sender, with the reason."""

import pytest

from chalicelib.domain.content import FindingCode, Part, Severity
from chalicelib.domain.senders import NO_REPLY, is_no_reply, require_answerable, sender_findings
from chalicelib.errors import InputError


@pytest.mark.parametrize(
    "local",
    [
        "noreply", "no-reply", "No.Reply", "NO_REPLY", "noreply2", "no-reply-7",
        "newsletter-noreply", "news.no-reply", "noreply-news", "noreplynews", "donotreply",
        "do-not-reply", "do.not.reply",
        "dontreply", "please-do-not-reply", "pleasedonotreply", "noreplies", "no_answer",
        "info+noreply", "unmonitored", "ingetsvar", "inget-svar", "svara-ej", "svara_inte",
        "utan.svar", "keine-antwort", "keineantwort", "nicht-antworten", "bitte-nicht-antworten",
        "ne-pas-repondre", "nepasrépondre", "ne_pas_répondre", "noresponder", "no-responda",
        "non-rispondere", "niet-beantwoorden", "ikke-svar", "ei-vastausta",
    ],
)  # fmt: skip
def test_an_address_that_tells_people_not_to_answer_is_found(local: str) -> None:
    assert is_no_reply(f"{local}@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "hello@example.org", "reply@example.org", "casino-reply@example.org", "news@example.org",
        "nora.plym@example.org", "norbert@example.org", "hello@noreply.example.org",
        "svar@example.org", "answers@example.org", "piano.reply@example.org", "nils@example.org",
        "antwort@example.org", "repondre@example.org", "do-reply@example.org",
        "monitored@example.org",
    ],
)  # fmt: skip
def test_an_address_that_people_can_answer_is_not(address: str) -> None:
    assert not is_no_reply(address)
    assert sender_findings(address) == ()
    require_answerable(address)


def test_the_refusal_gives_the_reason_and_what_to_do_but_not_the_address() -> None:
    with pytest.raises(InputError) as refused:
        require_answerable("no-reply@example.org")
    assert refused.value.code == FindingCode.NO_REPLY_SENDER == "no_reply_sender"
    assert "to use their rights" in refused.value.detail
    assert "Send from an address that somebody reads." in refused.value.detail
    assert "example.org" not in str(refused.value)
    (found,) = sender_findings("no-reply@example.org")
    assert (found.part, found.severity) == (Part.SENDER, Severity.ERROR)


@pytest.mark.parametrize("words", NO_REPLY)
def test_every_wording_is_found_however_it_is_joined(words: str) -> None:
    for joint in ("", "-", ".", "_", "-1-"):
        assert is_no_reply(f"{words.replace(' ', joint)}@example.org")

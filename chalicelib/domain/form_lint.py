# SPDX-License-Identifier: Apache-2.0
"""The lint of forms: names dark patterns and gaps in a form before anybody is shown it.

Guarantees that the same form gives the same findings, in the order of its parts. It reads words
(`domain.form_words`), so it can miss what is said in other words: that it finds nothing is no
legal opinion. What it calls an error is published by nobody.

Source: GDPR Art. 4(11), 7(2) to 7(4), 13; EDPB Guidelines 05/2020 on consent and 03/2022 on
deceptive design patterns; CJEU C-673/17 (Planet49) for boxes ticked beforehand.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain import form_words
from chalicelib.domain.catalog import Brand
from chalicelib.domain.forms import Box, FieldType, Form

LEAST_PROMISE_WORDS = 3
MOST_BEFORE = 60
"""Characters of a clause before an act in which it may be denied; after it, `MOST_AFTER`."""
MOST_AFTER = 15
_SENTENCE = re.compile(r"[.!?;]\s")
_CLAUSE = re.compile(r"[,:()\u2013\u2014]\s")
_AND = re.compile(r"\b(?:and|but|och|men|und|aber|et|mais)\b")


class Severity(StrEnum):
    """Whether a finding keeps a form from being published."""

    ERROR = "error"
    WARNING = "warning"


class FindingCode(StrEnum):
    """What was found; ``prechecked`` is found by the API's schema, which has no such member."""

    BUNDLED = "bundled"
    MISSING_CONTROLLER = "missing_controller"
    MISSING_WITHDRAWAL = "missing_withdrawal"
    MISSING_PROMISE = "missing_promise"
    SHAMING = "shaming"
    GIFT_PRICE = "gift_price"
    PRECHECKED = "prechecked"
    VAGUE_PURPOSE = "vague_purpose"


_ERRORS = frozenset({FindingCode.BUNDLED, FindingCode.SHAMING, FindingCode.GIFT_PRICE})
_DETAILS: Mapping[FindingCode, str] = {
    FindingCode.BUNDLED: (
        "This names more than one purpose ({}). Make one box of each, apart from terms."
    ),
    FindingCode.MISSING_CONTROLLER: "This does not say who is asking: name {}.",
    FindingCode.MISSING_WITHDRAWAL: "This does not say that and how consent can be withdrawn.",
    FindingCode.MISSING_PROMISE: "Say what the person gets, and how often.",
    FindingCode.SHAMING: (
        "This makes a choice shameful, or is ticked to refuse. Say plainly what is agreed to."
    ),
    FindingCode.GIFT_PRICE: (
        "“{}” is given for this consent; the box must say so, for example with “in return”."
    ),
    FindingCode.VAGUE_PURPOSE: "“{}” leaves open who gets the data or what for. Name them.",
}


_TOGETHER = (
    "Nobody can agree to the rest without this: two mandatory boxes are one of two purposes. Make"
    " this one optional."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, in one language of the form.

    Attributes:
        place: member of the form, such as ``boxes.newsletter.text``.
        detail: one English sentence for the operator: what is wrong and what to do.
        about: what the sentence names: acts (`form_words.ACTS`), a name or words of the form.
    """

    code: FindingCode
    severity: Severity
    language: str
    place: str
    detail: str
    about: tuple[str, ...] = ()


def lint(form: Form, brand: Brand) -> tuple[Finding, ...]:
    """Return what is to be mended in ``form``, language by language."""
    languages = sorted({language for box in form.boxes for language in box.text})
    return tuple(
        finding
        for language in languages
        if language in form_words.WITHDRAWAL
        for finding in _in_language(form, brand, language)
    )


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return those that keep a form from being published."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def _in_language(form: Form, brand: Brand, language: str) -> Iterator[Finding]:
    promise = form.promise.get(language)
    if promise is not None and len(promise.split()) < LEAST_PROMISE_WORDS:
        yield _finding(FindingCode.MISSING_PROMISE, language, "promise")
    for item in form.fields:
        for place, words in (("label", item.label), ("hint", item.hint)):
            text = words.get(language, "")
            at = f"fields.{item.name}.{place}"
            acts = _acts(text, language) - {"terms"}
            if item.type is FieldType.TICK and acts:
                named = sorted(acts | {"a plain fact or terms"})
                yield _finding(FindingCode.BUNDLED, language, at, *named)
            if _find(form_words.SHAMING, text, language):
                yield _finding(FindingCode.SHAMING, language, at)
    for box in [box for box in form.boxes if box.mandatory][1:]:
        at = f"boxes.{box.name}.mandatory"
        yield replace(_finding(FindingCode.BUNDLED, language, at), detail=_TOGETHER)
    for box in form.boxes:
        if box.text.get(language):
            yield from _in_box(form, brand, box, language)


def _in_box(form: Form, brand: Brand, box: Box, language: str) -> Iterator[Finding]:
    text, at = box.text[language], f"boxes.{box.name}.text"
    acts = _acts(text, language)
    if len(acts) > 1:
        yield _finding(FindingCode.BUNDLED, language, at, *sorted(acts))
    if not any(_folded(name) in _folded(text) for name in (brand.controller_name, brand.name)):
        yield _finding(FindingCode.MISSING_CONTROLLER, language, at, brand.controller_name)
    if not _find(form_words.WITHDRAWAL, text, language):
        yield _finding(FindingCode.MISSING_WITHDRAWAL, language, at)
    if _find(form_words.SHAMING, text, language):
        yield _finding(FindingCode.SHAMING, language, at)
    if form.gift is not None and box.mandatory:
        gift = form.gift.name.get(language) or next(iter(form.gift.name.values()))
        said = _folded(gift) in _folded(text) or _find(form_words.IN_RETURN, text, language)
        if not said:
            yield _finding(FindingCode.GIFT_PRICE, language, at, gift)
    vague = _done("vague", form_words.VAGUE[language], _folded(text), language)
    if vague:
        yield _finding(FindingCode.VAGUE_PURPOSE, language, at, vague)


def _acts(text: str, language: str) -> frozenset[str]:
    """What ``text`` lets somebody do; how consent is withdrawn ("by post") is no act.

    A sentence about withdrawal is read up to the clause that speaks of it. Nor is an act what is
    said not to be done ("never share"), or to be done by the person ("I can order by phone").
    """
    said = [_before_withdrawal(each, language) for each in _SENTENCE.split(_folded(text))]
    return frozenset(
        act
        for act, words in form_words.ACTS.items()
        if any(_done(act, words[language], sentence, language) for sentence in said)
    )


def _before_withdrawal(sentence: str, language: str) -> str:
    kept = []
    for clause in _CLAUSE.split(sentence):
        if re.search(form_words.WITHDRAWAL[language], clause):
            break
        kept.append(clause)
    return ", ".join(kept)


def _done(act: str, words: str, sentence: str, language: str) -> str:
    """The first words of the sentence that say so, without what exempts them; "" for none."""
    exempt = form_words.EXEMPT.get(act)
    for found in re.finditer(words, sentence):
        # Of what goes before, what belongs to it; of what follows, a word ("shared with nobody").
        before = _CLAUSE.split(sentence[: found.start()])[-1][-MOST_BEFORE:]
        after = _CLAUSE.split(sentence[found.end() :])[0][:MOST_AFTER]
        near = _AND.split(before + found[0])[-1] + after
        if exempt is None or not re.search(exempt[language], near):
            return found[0]
    return ""


def _find(words: form_words.Words, text: str, language: str) -> str:
    """The first words of the table in ``text``; "" when there are none."""
    found = re.search(words[language], _folded(text))
    return found[0] if found else ""


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFC", text).lower().replace("\u2019", "'")
    return " ".join(plain.split())


def _finding(code: FindingCode, language: str, place: str, *about: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.ERROR if code in _ERRORS else Severity.WARNING,
        language=language,
        place=place,
        detail=_DETAILS[code].format(", ".join(about)),
        about=about,
    )

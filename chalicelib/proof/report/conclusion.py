# SPDX-License-Identifier: Apache-2.0
"""The report's first part: what happened, in plain sentences, each with the entry it rests on.

Guarantees that a sentence says no more than its entry. Refuses the words proof and valid for what
only the operator states.
"""

from collections.abc import Iterable, Iterator

from chalicelib.proof.evidence import DeliveryLine, Evidence
from chalicelib.proof.report.html import Markup, element, join, section
from chalicelib.proof.report.saying import Sayer
from chalicelib.proof.story import Consent, Story, Told, sent_after
from chalicelib.vocabulary import EventType

ACCEPTED = frozenset({"delivered", "delivery"})
_SES_NAMES = {
    "bounce": "bounced",
    "delivery": "delivered",
    "deliverydelay": "delayed",
    "reject": "rejected",
    "renderingfailure": "failed",
    "send": "sent",
}


def summary(say: Sayer, evidence: Evidence, story: Story) -> Markup:
    """The section "in short": conclusions first, then the facts in order."""
    states = [element("p", state, class_="state") for state in conclusions(say, story)]
    facts = [
        element(
            "ul",
            *(element("li", fact) for fact in _facts(say, evidence, story, consent)),
            class_="facts",
        )
        for consent in story.consents
    ]
    rest = element("ul", *(element("li", fact) for fact in _ends(say, story)), class_="facts")
    return section(say("sec.summary"), *states, *facts, rest)


def conclusions(say: Sayer, story: Story) -> tuple[Markup, ...]:
    """One conclusion for the erasure and for each brand and lists; what comes later counts."""
    found: list[Markup] = []
    if story.erasure is not None and story.erasure.fields.erasure is not None:
        found.append(
            say(
                "state.erased",
                at=say.at_of(story.erasure),
                ground=say.reason(story.erasure.fields),
                count=story.erasure.fields.erasure.chain_length,
                final=say.at(story.erasure.fields.erasure.final_after_ms),
            )
        )
    found += [_state(say, story, consent) for consent in _weightiest(story)]
    return tuple(found) or (say("state.none"),)


def outcome(say: Sayer, line: DeliveryLine) -> str:
    """What became of a mail, in words; an event nobody here knows keeps its name."""
    if line.event is None:
        return say("outcome.unknown")
    name = line.event.lower()
    return say.known("outcome", _SES_NAMES.get(name, name), line.event)


def _weightiest(story: Story) -> list[Consent]:
    """For each brand and lists the consent that decides: given before claimed before asked for."""
    chosen: dict[tuple[str | None, tuple[str, ...]], Consent] = {}
    for consent in story.consents:
        fields = consent.start.fields
        place = (fields.brand, fields.lists)
        if place not in chosen or _weight(consent) >= _weight(chosen[place]):
            chosen[place] = consent
    return list(chosen.values())


def _weight(consent: Consent) -> int:
    if consent.is_given:
        return 2
    is_asked = consent.start.fields.type is EventType.CONSENT_REQUESTED
    return 0 if is_asked or consent.is_waiting else 1


def _state(say: Sayer, story: Story, consent: Consent) -> Markup:
    ended = ".ended" if consent.end else ""
    claimed = ended or (".before" if consent.before else "")
    moment = consent.answer if consent.is_given and consent.answer else consent.start
    part = ".part" if consent.is_in_part else ""
    if consent.is_double_opt_in:
        key = "state.ended" if ended else f"state.confirmed{part}"
    elif consent.is_given:
        key = f"state.given{ended or part}"
    elif consent.answer is not None:
        key = "state.refused"
    elif consent.is_attested:
        key = f"state.attested{claimed}"
    elif consent.start.fields.type is EventType.CONSENT_IMPORTED:
        key = f"state.{'waiting' if consent.is_waiting else 'imported'}{claimed}"
    elif consent.start.fields.type is EventType.BASIS_RECORDED:
        key = f"state.basis{claimed}"
    else:
        key = "state.unconfirmed"
    other = consent.end or consent.before
    return say(
        key,
        scope=say.scope(consent.start.fields),
        at=say.at_of(moment),
        last=story.last.n,
        ended=say.at_of(consent.end) if consent.end else "",
        before=say.at_of(consent.before) if consent.before else "",
        how=say.event(other.fields) if other else "",
        answered=say.at_of(consent.answer) if consent.answer else "",
        left=_left(say, consent),
    )


def _left(say: Sayer, consent: Consent) -> str:
    """What nothing took back, list by list."""
    left = consent.left or frozenset()
    lists = sorted({place[0] for place in left})
    return "; ".join(
        f"{say.lists((each,))}: {say.purposes(tuple(sorted(p for x, p in left if x == each)))}"
        for each in lists
    )


def _facts(say: Sayer, evidence: Evidence, story: Story, consent: Consent) -> Iterator[Markup]:
    """One paragraph for each step of a consent."""
    yield _paragraph(_start(say, evidence, consent))
    if consent.mail is not None:
        yield _paragraph(_mail(say, evidence, consent.mail))
    if consent.answer is not None:
        yield _paragraph(_answer(say, consent))
    elif consent.start.fields.type is EventType.CONSENT_REQUESTED:
        yield say("fact.unconfirmed", last=story.last.n)
    for told in consent.changes:
        yield _paragraph(_end(say, evidence, told, "fact.changed"))
    yield from _sent(say, evidence, story, consent)


def _start(say: Sayer, evidence: Evidence, consent: Consent) -> Iterator[Markup]:
    told = consent.start
    kind = told.fields.type
    at, n = say.at_of(told), told.n
    address = told.text("subject", "email")
    if kind is EventType.CONSENT_REQUESTED:
        yield from _request(say, evidence, told)
    elif kind is EventType.CONSENT_IMPORTED:
        key = "fact.attested" if consent.is_attested else "fact.imported"
        if address:
            yield say(key, at=at, address=address, n=n)
        else:
            yield say(f"{key}.unnamed", at=at, closed=_absent(say, told, "subject"), n=n)
        if consent.is_attested:
            yield from _attested(say, evidence, told)
        grade = told.text("choice", "grade")
        if "choice" in told.opened:
            word = say("grade.none") if grade is None else say.known("grade", grade)
            yield say("fact.imported.grade", grade=word)
        claimed = told.value("choice", "claimed_ts")
        if isinstance(claimed, int) and not consent.is_attested:
            yield say("fact.imported.claimed", claimed=say.at(claimed))
        if consent.is_waiting:
            yield say("fact.imported.waiting")
        yield say("fact.imported.proves")
    elif kind is EventType.BASIS_RECORDED:
        yield from _sale(say, told)


def _attested(say: Sayer, evidence: Evidence, told: Told) -> Iterator[Markup]:
    """What another system states of the person's act: when, from where, to what, and how."""
    claimed = told.value("choice", "claimed_ts")
    if isinstance(claimed, int):
        yield say("fact.attested.claimed", claimed=say.at(claimed))
    ip = told.text("session", "ip")
    if ip:
        yield say("fact.attested.origin", ip=ip)
    elif "session" not in told.opened:
        yield say("fact.origin.closed", closed=say.closed)
    if told.fields.notice_sha256:
        yield _notice(say, evidence, told, "fact.attested.notice")
    yield say("fact.attested.ticked", purposes=say.sentences(told))


def _sale(say: Sayer, told: Told) -> Iterator[Markup]:
    """What the controller states of a sale, and that it is no consent."""
    at, n, address = say.at_of(told), told.n, told.text("subject", "email")
    if address:
        yield say("fact.basis.named", at=at, address=address, n=n)
    else:
        yield say("fact.basis", at=at, n=n)
    sale, product = told.text("choice", "sale"), told.text("choice", "product")
    sold, offered = told.value("choice", "sale_ts"), told.value("choice", "objection_ts")
    if sale and product and isinstance(sold, int):
        yield say("fact.basis.sale", sale=sale, product=product, sold=say.at(sold))
    offer = told.text("choice", "objection_how")
    if offer and isinstance(offered, int):
        yield say("fact.basis.objection", offered=say.at(offered), offer=offer)
    yield say("fact.basis.proves")


def _request(say: Sayer, evidence: Evidence, told: Told) -> Iterator[Markup]:
    address = told.text("subject", "email")
    values: dict[str, str | int] = {
        "at": say.at_of(told),
        "brand": say.brand(told.fields),
        "n": told.n,
    }
    if address:
        yield say("fact.request", address=address, **values)
    else:
        yield say("fact.request.unnamed", closed=_absent(say, told, "subject"), **values)
    typed = told.text("subject", "email_as_typed")
    if typed and typed != address:
        yield say("fact.typed", typed=typed)
    repeated = told.text("choice", "repeats")
    if repeated:
        yield say("fact.repeats", event=repeated)
    yield _origin(say, told)
    yield _notice(say, evidence, told)
    yield _ticked(say, told)


def _origin(say: Sayer, told: Told) -> Markup:
    ip = told.text("session", "ip")
    if ip:
        return say("fact.origin", ip=ip)
    if "session" in told.opened:
        return say("fact.origin.none")
    return say("fact.origin.closed", closed=say.closed)


def _notice(say: Sayer, evidence: Evidence, told: Told, key: str = "fact.notice") -> Markup:
    name = told.fields.notice_sha256 or ""
    shown = f"{name[:12]}…"
    for file in evidence.notices:
        if file.sha256 == name and file.publication is not None:
            return say(key, notice=shown, index=file.publication.index)
    return say(f"{key}.unpublished", notice=shown)


def _ticked(say: Sayer, told: Told) -> Markup:
    purposes = say.sentences(told)
    if "choice" not in told.opened:
        return say("fact.ticked.closed", purposes=purposes, closed=say.closed)
    match told.value("choice", "prechecked"):
        case False:
            return say("fact.ticked", purposes=purposes)
        case True:
            return say("fact.ticked.before", purposes=purposes)
        case _:
            return say("fact.ticked.unknown", purposes=purposes)


def _mail(say: Sayer, evidence: Evidence, told: Told) -> Iterator[Markup]:
    yield say("fact.mail", at=say.at_of(told), n=told.n)
    lines = [line for line in evidence.deliveries if line.mail == told.n]
    if not lines or lines[-1].event is None:
        yield say("fact.mail.unknown")
        return
    line = lines[-1]
    at = say.at(line.at_ms if line.event_ms is None else line.event_ms)
    if (line.event or "").lower() in ACCEPTED:
        yield say("fact.mail.accepted", at=at)
    else:
        yield say("fact.mail.outcome", outcome=outcome(say, line), at=at)
    if line.answer:
        yield say("fact.mail.answer", answer=line.answer)


def _answer(say: Sayer, consent: Consent) -> Iterator[Markup]:
    told = consent.answer
    if told is None:
        return
    at, n = say.at_of(told), told.n
    if not consent.is_given:
        yield say("fact.refused", at=at, n=n)
        yield _origin(say, told)
    elif told is consent.start:
        yield say("fact.confirmed.alone", at=at, n=n)
    elif not consent.is_double_opt_in:
        via = say.known("via", told.fields.via or "", "")
        yield say("fact.confirmed.otherwise", at=at, n=n, via=via)
    else:
        yield say("fact.confirmed", at=at, n=n)
        yield _origin(say, told)
        mail = consent.mail
        token = told.text("link", "token_sha256")
        if mail is not None and token and mail.text("link", "token_sha256") == token:
            yield say("fact.confirmed.link")


def _sent(say: Sayer, evidence: Evidence, story: Story, consent: Consent) -> Iterator[Markup]:
    """How many mails rest on it, how it ended, and whether anything followed."""
    is_gone = evidence.erased and not evidence.deliveries
    if not is_gone:
        own = {told.n for told in (consent.start, consent.answer, *consent.changes) if told}
        count = sum(line.campaign is not None and line.entry in own for line in evidence.deliveries)
        yield say("fact.sent", count=count)
    before = consent.before
    if consent.end is None and before is not None:
        how = say.event(before.fields)
        yield say("fact.before", at=say.at_of(before), how=how, n=before.n, last=story.last.n)
        return
    if consent.end is None:
        if consent.is_given or consent.start.fields.type is not EventType.CONSENT_REQUESTED:
            key = "fact.not_ended.part" if consent.is_in_part else "fact.not_ended"
            yield say(key, last=story.last.n, left=_left(say, consent))
        return
    yield _paragraph(
        (*_end(say, evidence, consent.end, "fact.ended"), *_after(say, evidence, story, consent))
    )


def _end(say: Sayer, evidence: Evidence, told: Told, key: str) -> Iterator[Markup]:
    said = say.event(told.fields)
    yield say(key, at=say.at_of(told), how=said, event=said, n=told.n, scope=say.scope(told.fields))
    if told.fields.reason:
        yield say("fact.ended.reason", reason=say.reason(told.fields))
    delivery = told.text("link", "delivery")
    if delivery:
        sent = (line.campaign for line in evidence.deliveries if line.delivery == delivery)
        campaign = next(sent, None)
        if campaign is None:
            yield say("fact.ended.delivery", delivery=delivery)
        else:
            yield say("fact.ended.campaign", campaign=campaign, delivery=delivery)
    if told.text("session", "ip"):
        yield _origin(say, told)


def _after(say: Sayer, evidence: Evidence, story: Story, consent: Consent) -> Iterator[Markup]:
    if consent.end is None:
        return
    end = say(f"end.{consent.end.fields.type}")
    if evidence.erased and not evidence.deliveries:
        yield say("after.unknown")
        return
    sent = sent_after(evidence, consent)
    if sent.on_nothing_later:
        yield element(
            "span", say("after.some", end=end, count=len(sent.on_nothing_later)), class_="mark"
        )
    else:
        yield say("after.none", end=end, index=story.log.size - 1)
    if sent.on_a_later_entry:
        yield say("after.later", end=end, count=len(sent.on_a_later_entry))
    if evidence.lists or evidence.purposes:
        yield say("after.selective")


def _ends(say: Sayer, story: Story) -> Iterator[Markup]:
    """What concerns the whole person: another address, suppression, restriction, erasure."""
    for told in story.moves:
        yield _moved(say, told)
    for told in story.stops:
        yield say(
            "fact.stopped" if told.fields.brand is None else "fact.stopped.narrow",
            at=say.at_of(told),
            event=say.event(told.fields),
            reason=say.reason(told.fields),
            scope=say.scope(told.fields),
            n=told.n,
        )
    told_last = story.erasure
    if told_last is not None and (erasure := told_last.fields.erasure) is not None:
        yield _paragraph(
            (
                say(
                    "fact.erased",
                    at=say.at_of(told_last),
                    n=told_last.n,
                    ground=say.reason(told_last.fields),
                    count=erasure.chain_length,
                ),
                say("fact.erased.final", final=say.at(erasure.final_after_ms)),
            )
        )


def _moved(say: Sayer, told: Told) -> Markup:
    """From which address to which, where the entry is opened here."""
    values: dict[str, str | int] = {
        "at": say.at_of(told),
        "event": say.event(told.fields),
        "n": told.n,
    }
    address, before = told.text("subject", "email"), told.text("subject", "email_before")
    if address and before:
        return say("fact.moved", address=address, before=before, **values)
    return say("fact.moved.unnamed", closed=_absent(say, told, "subject"), **values)


def _absent(say: Sayer, told: Told, claim: str) -> str:
    return say("nothing") if claim in told.opened else say.closed


def _paragraph(sentences: Iterable[Markup]) -> Markup:
    return join(sentences, " ")

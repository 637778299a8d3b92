# SPDX-License-Identifier: Apache-2.0
"""The report's middle: the two steps, what was shown, the mails, every entry, what stayed closed.

Guarantees that each value shown is in a leaf, an opened disclosure or a file of the bundle, and
that the operator's own record is called so.
"""

from collections.abc import Iterator, Mapping

from chalicelib.errors import Malformed
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import CLAIM_NAMES
from chalicelib.proof.evidence import CampaignFile, DeliveryLine, Evidence, MailFile, NoticeFile
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.report.conclusion import outcome
from chalicelib.proof.report.html import (
    Markup,
    bullets,
    element,
    join,
    link,
    pairs,
    section,
    table,
)
from chalicelib.proof.report.saying import Sayer
from chalicelib.proof.story import Consent, Story, Told, sent_after
from chalicelib.vocabulary import EventType


def head(say: Sayer, evidence: Evidence, story: Story) -> Markup:
    """Title, whom it is about, who made it for whom, and how to read it."""
    rows = [
        (say("head.about"), _about(say, evidence)),
        (say("head.controller"), evidence.controller),
        (say("head.made"), say.at(evidence.created_ms)),
        (say("head.exporter"), evidence.exporter),
    ]
    if evidence.recipient is not None:
        rows.append((say("head.recipient"), evidence.recipient))
    if evidence.reason is not None:
        rows.append((say("head.reason"), say.export_reason(evidence.reason)))
    rows += [
        (say("head.asked"), _asked(say, evidence)),
        (say("head.entries"), str(len(story.entries))),
        (say("head.log"), say("head.log.size", origin=story.log.origin, size=story.log.size)),
        (say("head.bundle"), evidence.bundle_id),
    ]
    zone = say("how.zone", city=say.city) if say.has_zone else say("how.utc")
    notes = (say("how.ledger"), say("how.operator"), join((zone, say("how.clock")), " "))
    return join(
        (
            element("h1", say("title")),
            pairs(rows),
            *(element("p", note, class_="how") for note in notes),
        )
    )


def _about(say: Sayer, evidence: Evidence) -> str:
    """The person; of an erased one only that, and the reference of the destroyed key."""
    if evidence.erased and evidence.subject:
        return join((say("head.erased"), f" ({evidence.subject})"))
    return evidence.subject or say("head.erased")


def steps(say: Sayer, story: Story) -> Markup:
    """When and from where each step of each opt-in came."""
    asked = [
        consent
        for consent in story.consents
        if consent.start.fields.type is EventType.CONSENT_REQUESTED
    ]
    if not asked:
        return Markup()
    columns = ("step", "time", "origin", "browser", "entry")
    rows = [row for consent in asked for row in _steps_of(say, consent)]
    return section(say("sec.steps"), table(tuple(say(f"col.{name}") for name in columns), rows))


def _steps_of(say: Sayer, consent: Consent) -> Iterator[tuple[str, ...]]:
    none = say("step.not_applicable")
    yield _step(say, say("step.request"), consent.start)
    if consent.mail is not None:
        place = _place(say, consent.mail)
        yield (say("step.mail"), say.at_of(consent.mail), none, none, place)
    if consent.answer is None:
        yield (say("step.none"), none, none, none, none)
    else:
        word = "step.answer" if consent.is_given else "step.refused"
        yield _step(say, say(word), consent.answer)


def _step(say: Sayer, word: str, told: Told) -> tuple[str, ...]:
    absent = say("nothing") if "session" in told.opened else say.closed
    ip, browser = told.text("session", "ip"), told.text("session", "ua")
    return (word, say.at_of(told), ip or absent, browser or absent, _place(say, told))


def _place(say: Sayer, told: Told) -> Markup:
    return join((say("entry", n=told.n), say("log_entry", index=told.index)), ", ")


def shown(say: Sayer, evidence: Evidence, story: Story) -> Markup:
    """Each notice in full, and where its page is."""
    notices = [_notice(say, story, notice) for notice in evidence.notices]
    return section(
        say("sec.shown"), *(notices or [element("p", say("shown.none"))]), annex=bool(notices)
    )


def _notice(say: Sayer, story: Story, notice: NoticeFile) -> Markup:
    named = ", ".join(
        str(told.n) for told in story.entries if told.fields.notice_sha256 == notice.sha256
    )
    published = say("shown.unpublished", entries=named)
    if notice.publication is not None:
        at = say.at(parse_leaf(notice.publication.leaf).fields.ts_ms)
        index = notice.publication.index
        published = say("shown.published", at=at, index=index, entries=named)
    page = join((say("shown.page"), link(f"notices/{notice.sha256}.html")), " ")
    if notice.text is None:
        text = element("p", say("shown.no_text"))
    else:
        text = element("pre", notice.text.decode("utf-8", "replace"))
    return join((element("p", published), element("p", page), text))


def confirmation_mails(say: Sayer, evidence: Evidence, story: Story) -> Markup:
    """Each confirmation mail as it was sent, and what the receiving server said."""
    given = {mail.n: mail for mail in evidence.mails}
    told = [item for item in story.entries if item.fields.type is EventType.CONSENT_MAIL_SENT]
    pieces = [
        _mail(say, item, given[item.n], evidence)
        if item.n in given
        else element("p", say("mail.absent", n=item.n))
        for item in told
    ]
    return section(say("sec.mail"), *(pieces or [element("p", say("mail.none"))]))


def _mail(say: Sayer, told: Told, mail: MailFile, evidence: Evidence) -> Markup:
    document = _document(mail.document)
    rows = [(say(f"mail.{name}"), str(document[name])) for name in ("from", "to", "subject")]
    message_id = told.text("link", "message_id")
    if message_id:
        rows.append((say("mail.message_id"), message_id))
    rows += [
        (say("col.outcome"), _outcome(say, line))
        for line in evidence.deliveries
        if line.mail == told.n and line.event is not None
    ]
    page = join((say("mail.file"), link(f"mails/{told.n}.json")), " ")
    return join(
        (
            element("h3", say("mail.heading", n=told.n)),
            pairs(rows),
            element("pre", str(document["text"])),
            element("p", page),
        )
    )


def privacy(say: Sayer, evidence: Evidence) -> Markup:
    """Where the privacy texts are."""
    pieces: list[Markup] = []
    for file in evidence.privacy:
        at = say.at(parse_leaf(file.entry.leaf).fields.ts_ms)
        page = join((say("privacy.page"), link(f"privacy/{file.sha256}.html")), " ")
        recorded = say("privacy.recorded", at=at, index=file.entry.index)
        pieces += [element("p", recorded), element("p", page)]
    return section(say("sec.privacy"), *(pieces or [element("p", say("privacy.none"))]))


def sent(say: Sayer, evidence: Evidence, story: Story) -> Markup:
    """The operator's record of campaigns, each line with what of it is proven."""
    title = say("sec.sent")
    if evidence.erased and not evidence.deliveries:
        return section(title, element("p", say("sent.gone")))
    marks = {
        line: say("after.mark", end=say(f"end.{consent.end.fields.type}"))
        for consent in story.consents
        if consent.end is not None
        for line in sent_after(evidence, consent).on_nothing_later
    }
    files = {file.campaign: file for file in evidence.campaigns}
    lines = [line for line in evidence.deliveries if line.campaign in files]
    rows = [_sent_row(say, story, files[line.campaign or ""], line, marks) for line in lines]
    silent = files.keys() - {line.campaign for line in lines}
    rows += [_unsent_row(say, files[name]) for name in sorted(silent)]
    if not rows:
        return section(title, element("p", say("sent.none")))
    columns = ("sent", "campaign", "allowed", "planned", "outcome")
    note = element("p", say("sent.note"), class_="how")
    return section(title, note, table(tuple(say(f"col.{name}") for name in columns), rows))


def _sent_row(
    say: Sayer,
    story: Story,
    file: CampaignFile,
    line: DeliveryLine,
    marks: Mapping[DeliveryLine, Markup],
) -> tuple[str, ...]:
    told = story.entries[line.entry or 0]
    when: list[str] = [say.at(line.at_ms)]
    if line in marks:
        when.append(element("div", marks[line], class_="mark"))
    said = say.event(told.fields)
    allowed = say("sent.allowed", n=told.n, at=say.at_of(told), event=said)
    return (join(when), _campaign(say, file), allowed, _planned(say, file), _outcome(say, line))


def _unsent_row(say: Sayer, file: CampaignFile) -> tuple[str, ...]:
    none = say("step.not_applicable")
    return (say("sent.unsent"), _campaign(say, file), none, _planned(say, file), none)


def _campaign(say: Sayer, file: CampaignFile) -> Markup:
    """The campaign's id and subject, and the file of what it said."""
    name = f"campaigns/{file.campaign}.content.json"
    subject = str(_document(file.content).get("subject") or "")
    content = element("a", say("sent.content"), href=name)
    lines = [piece for piece in (subject, file.campaign, content) if piece]
    return join(element("div", piece) for piece in lines)


def _planned(say: Sayer, file: CampaignFile) -> Markup:
    at = say.at(parse_leaf(file.commitment.leaf).fields.ts_ms)
    return say("sent.planned", index=file.commitment.index, at=at)


def _outcome(say: Sayer, line: DeliveryLine) -> Markup:
    pieces: list[str] = [outcome(say, line)]
    if line.event_ms is not None:
        pieces.append(say.at(line.event_ms))
    if line.answer:
        pieces.append(say("sent.answer", answer=line.answer))
    return join(element("div", piece) for piece in pieces)


def timeline(say: Sayer, story: Story) -> Markup:
    """Every entry, with all that is opened of it."""
    return section(say("sec.timeline"), *(_entry(say, told) for told in story.entries))


def _entry(say: Sayer, told: Told) -> Markup:
    rows: list[tuple[str, str]] = [(say("col.time"), say.at_of(told))]
    scope = _scope(say, told)
    if scope:
        rows.append((say("col.scope"), scope))
    title = element("h3", join((_place(say, told), _what(say, told)), say("sep.value")))
    return element("article", title, pairs((*rows, *_opened(say, told))))


def _what(say: Sayer, told: Told) -> str:
    said, reason = say.event(told.fields), say.reason(told.fields)
    return f"{said} ({reason})" if reason else said


def _scope(say: Sayer, told: Told) -> str:
    fields = told.fields
    if fields.brand is None and fields.channel is None:
        return ""
    asked = say("asked", lists=say.lists(fields.lists), purposes=say.purposes(fields.purposes))
    return join((say.brand(fields), asked), say("sep.part"))


def _opened(say: Sayer, told: Told) -> Iterator[tuple[str, str]]:
    """Each opened claim with its members; then what is empty, then what is closed."""
    for name in CLAIM_NAMES:
        members = say.members(told.opened.get(name, {}))
        if members:
            lines = (element("div", join((key, value), say("sep.value"))) for key, value in members)
            yield (say(f"claim.{name}"), join(lines))
    empty = [name for name in CLAIM_NAMES if name in told.opened and not told.opened[name]]
    if empty:
        yield (say("col.empty"), ", ".join(say(f"claim.{name}") for name in empty))
    closed = _closed(say, told)
    if closed:
        yield (say("col.gone" if say.is_erased else "col.closed"), closed)


def _closed(say: Sayer, told: Told) -> str:
    return ", ".join(say(f"claim.{name}") for name in CLAIM_NAMES if name not in told.opened)


def anchors(say: Sayer, evidence: Evidence) -> Markup:
    """When which state of the log was time-stamped; what that proves is the verifier's to say."""
    title = say("sec.anchors")
    if not evidence.anchors:
        return section(title, element("p", say("anchors.none")))
    stamped = sorted(evidence.anchors, key=lambda anchor: anchor.size)
    lines = (say("anchors.line", at=say.at(each.time_ms), size=each.size) for each in stamped)
    return section(title, bullets(lines), element("p", say("anchors.note")))


def kept_closed(say: Sayer, evidence: Evidence, story: Story) -> Markup:
    """What the bundle was asked to show, and what it therefore does not open."""
    asked = element("p", _asked(say, evidence))
    if evidence.erased:
        return section(say("sec.closed"), asked, element("p", say("closed.erased")))
    lines = [
        say("closed.line", n=told.n, claims=_closed(say, told))
        for told in story.entries
        if _closed(say, told)
    ]
    if not lines:
        return section(say("sec.closed"), asked, element("p", say("closed.none")))
    said = element("p", say("closed.some"))
    note = element("p", say("closed.note"))
    return section(say("sec.closed"), asked, said, bullets(lines), note)


def _asked(say: Sayer, evidence: Evidence) -> Markup:
    lists, purposes = say.lists(evidence.lists), say.purposes(evidence.purposes)
    return say("asked", lists=lists, purposes=purposes)


def _document(data: bytes) -> Mapping[str, JsonValue]:
    """A JSON object, or nothing where the bytes are none: they are shown by their file anyway."""
    try:
        document = canonical.decode(data)
    except Malformed:
        return {}
    return document if isinstance(document, dict) else {}

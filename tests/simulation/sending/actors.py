# SPDX-License-Identifier: Apache-2.0
"""Who else acts while a campaign is sent: people, an operator, the account, and SES's events.

Which of them take part is drawn for each life. Each acts through a process of its own, which may
crash as any other; what they do is the product's own code.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.campaigns import Act, CampaignStatus
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.events import Via
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import CampaignId, PurposeId, SubjectId
from chalicelib.errors import DependencyError, IllegalTransition, StateError
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.simulation.simulation import Crash
from tests.support import ses_documents
from tests.support.memory_sending import Mailed

if TYPE_CHECKING:
    from tests.simulation.sending.life import Life
    from tests.simulation.sending.processes import Process

Task = Callable[[], None]
DAY_MS = 86_400_000


def drawn(life: "Life") -> dict[str, Task]:
    """Return the actors of a life, by name."""
    chances: dict[str, tuple[float, Callable[[Life], None]]] = {
        "people": (0.8, _people),
        "operator": (0.4, _operator),
        "second": (0.35, _start_second),
        "quota": (0.3, _quota),
        "clocks": (0.5 if life.weather.skews else 0.0, _clocks),
        "redrive": (0.3, _redrive),
        "network": (0.5, _network),
        "events": (0.3, _events),
    }
    return {
        name: _bound(actor, life)
        for name, (chance, actor) in chances.items()
        if life.random.random() < chance
    }


def _bound(actor: "Callable[[Life], None]", life: "Life") -> Task:
    return lambda: actor(life)


def _try(life: "Life", act: "Callable[[Process], object]") -> None:
    """Do one thing; who fails or crashes does not do it again."""
    try:
        act(life.process())
    except (Crash, StateError, DependencyError) as error:
        life.note(f"  came to nothing: {type(error).__name__}")


# People


def _people(life: "Life") -> None:
    sids = list(life.begun.people.values())
    acts = (_withdraw, _object, _restrict, _suppress, _erase, _pause_mail)
    for _ in range(life.random.randint(1, 5)):
        _wait_a_little(life)
        sid, act = life.random.choice(sids), life.random.choice(acts)
        life.note(f"{act.__name__} {sid}")
        life.counts[f"acts {act.__name__[1:]}"] += 1
        _try(life, lambda process, act=act, sid=sid: act(process, sid))  # type: ignore[misc]


def _wait_a_little(life: "Life") -> None:
    """Let a few calls of others, or some seconds, go by."""
    if life.random.random() < 0.5:
        for _ in range(life.random.randint(1, 60)):
            life.baton.pause()
    life.nap(life.random.choice((1, 700, 5_000, 60_000)))


def _append(process: "Process", sid: SubjectId, draft: Draft) -> None:
    process.ledger.retrying(sid, lambda _chain: [draft])


def _withdraw(process: "Process", sid: SubjectId) -> None:
    draft = Draft(
        type=EventType.CONSENT_WITHDRAWN,
        brand=DEMO_BRAND.id,
        lists=(DEMO_LIST.id,),
        purposes=(PurposeId("newsletter"),),
        via=Via.PAGE,
    )
    _append(process, sid, draft)


def _object(process: "Process", sid: SubjectId) -> None:
    draft = Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO_BRAND.id, via=Via.PAGE)
    _append(process, sid, draft)


def _restrict(process: "Process", sid: SubjectId) -> None:
    draft = Draft(
        type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested", via=Via.PAGE
    )
    _append(process, sid, draft)


def _suppress(process: "Process", sid: SubjectId) -> None:
    found = {known: address for address, known in process.around.begun.people.items()}
    process.suppressions.add(found[sid], "manual")


def _erase(process: "Process", sid: SubjectId) -> None:
    process.erasures.request_by_person(sid, "en")


def _pause_mail(process: "Process", sid: SubjectId) -> None:
    around = process.around
    until_ms = around.baton.now_ms + 30 * DAY_MS
    for campaign in around.begun.campaigns:
        around.watch.bar(campaign, SkipReason.PAUSED, sid)
        around.watch.bar(campaign, SkipReason.FREQUENCY, sid)
    process.frequency.put(sid, Frequency(paused_until_ms=until_ms))


# The operator


def _operator(life: "Life") -> None:
    first = life.begun.campaigns[0]
    for _ in range(life.random.randint(1, 4)):
        _wait_a_little(life)
        act = life.random.choice((Act.PAUSE, Act.PAUSE, Act.RESUME, Act.RESUME, Act.CANCEL))
        life.note(f"{act} the campaign")
        life.counts[f"acts {act}"] += 1
        _try(life, lambda process, act=act: _act(process, first, act))  # type: ignore[misc]


def _act(process: "Process", campaign: CampaignId, act: Act) -> None:
    if act is Act.RESUME:
        skips = process.around.random.random() < 0.5
        process.campaigns.resume(campaign, skip_rendering=skips)
    else:
        process.campaigns.act(campaign, act)


def _start_second(life: "Life") -> None:
    """Send the other campaign to the same people."""
    _wait_a_little(life)
    for _ in range(3):
        _try(life, lambda process: process.campaigns.act(life.begun.campaigns[1], Act.SEND))
        if life.rows.catalog.campaigns[life.begun.campaigns[1]].started_ms is not None:
            life.counts["second campaigns"] += 1
            return
        life.nap(5_000)


def resume_all(life: "Life", process: "Process") -> None:
    """Let every paused campaign go on."""
    for campaign in list(life.rows.catalog.campaigns.values()):
        if campaign.status is CampaignStatus.PAUSED:
            with suppress(IllegalTransition):  # Everybody in it is accounted for by now.
                process.campaigns.resume(campaign.id, skip_rendering=True)


# The account and the world


def _quota(life: "Life") -> None:
    for _ in range(life.random.randint(1, 4)):
        _wait_a_little(life)
        life.rows.account.per_second = life.random.choice((1.0, 3.0, 5.0, 40.0))
        life.rows.account.daily_left = life.random.choice((None, None, 7, 20))
        life.counts["quotas"] += 1


def _clocks(life: "Life") -> None:
    while not life.over():
        _wait_a_little(life)
        name = life.random.choice(sorted(life.processes))
        life.processes[name].skewed.set(life.random.randint(-300_000, 300_000))
        life.watch.excuses += 5
        life.counts["clock jumps"] += 1
        life.nap(20_000)


def _redrive(life: "Life") -> None:
    while not life.over():
        life.nap(life.random.choice((20_000, 120_000)))
        life.counts["redriven"] += life.consumer.redrive()


def _network(life: "Life") -> None:
    """Deliver requests whose callers gave up, in any order."""
    while not life.over():
        _wait_a_little(life)
        life.arrive()


# SES's events


def _events(life: "Life") -> None:
    """Tell of some mails while the campaign is sent: shuffled, and up to three times."""
    while not life.over():
        _wait_a_little(life)
        mailed = life.rows.account.accepted
        if not mailed or life.counts["events"] > 6:
            life.nap(60_000)
            continue
        mail = life.random.choice(mailed)
        make = life.random.choice(
            (ses_documents.delivery, ses_documents.bounce, ses_documents.complaint)
        )
        raw = _raw(make(mail.message.to), mail, life.baton.now_ms)
        for _ in range(life.random.randint(1, 3)):
            life.counts["events"] += 1
            _try(life, lambda process, raw=raw: process.hear(raw))  # type: ignore[misc]


def _raw(document: dict[str, Any], mail: Mailed, at_ms: int) -> str:
    """Return an event about a mail as SES sends it; it tells that it is of ``at_ms``."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    told = document["mail"]
    told.update(messageId=mail.message_id, destination=[mail.message.to], timestamp=at)
    told["tags"] = {name: [value] for name, value in mail.message.tags}
    for part in ("delivery", "bounce", "complaint"):
        if part in document:
            document[part]["timestamp"] = at
    return json.dumps(document)


def everything_told(life: "Life", process: "Process") -> None:
    """Tell of every mail that SES took, in any order; then of one again, as time goes by.

    In some lives no event comes after that, so that nobody learns how far events have come.
    """
    mailed = list(life.rows.account.accepted)
    if len(mailed) == life.told:
        mailed = mailed[-1:] if life.hears_on else []
    life.told = len(life.rows.account.accepted)
    life.random.shuffle(mailed)
    now_ms = life.baton.now_ms
    if mailed:
        process.hear(*(_raw(ses_documents.send(), mail, now_ms) for mail in mailed))

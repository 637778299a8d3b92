# SPDX-License-Identifier: Apache-2.0
"""Who is unknown: sent after all once SES said anything of their mail, else unsent in the end.

Guarantees that nobody is called unsent while SES's events may still be on their way, but after 72
hours in any case; and that an event that comes even later is believed, and told to the operator
where it means that somebody may have had the mail twice.
"""

import logging

from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.folding import Told
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.domain.retries import retry_id
from chalicelib.domain.runs import ChunkView
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.folds import Folds, Unresolved, UnresolvedCampaigns, Watermark
from chalicelib.ports.runs import ChunkAccounts
from chalicelib.ports.system import Clock

log = logging.getLogger(__name__)

MINUTE_MS = 60 * 1000
SILENCE_MS = 60 * MINUTE_MS
"""Who is unknown is unsent when nothing was heard for so long after the dispatch,"""
MARGIN_MS = 15 * MINUTE_MS
"""and events of so much later than the dispatch have come."""
TERMINAL_MS = 72 * 60 * MINUTE_MS
"""After so long they are, whatever came."""
_PATIENCE = 8
"""The next look comes after an eighth of the time waited so far, and after a minute at least."""
_LOST = (OutcomeCode.UNKNOWN, OutcomeCode.UNSENT)


class Unknowns:
    """Looks at campaigns until nobody in them is unknown."""

    def __init__(
        self,
        *,
        accounts: ChunkAccounts,
        folds: Folds,
        unresolved: UnresolvedCampaigns,
        watermark: Watermark,
        campaigns: Campaigns,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._folds = folds
        self._unresolved = unresolved
        self._watermark = watermark
        self._campaigns = campaigns
        self._clock = clock

    def note(self, campaign: CampaignId) -> None:
        """Have a campaign looked at in which somebody is unknown; repeating is harmless."""
        self._unresolved.note(campaign, self._clock.now_ms())

    def look(self) -> int:
        """Look at every campaign whose look is due; return how many stay unresolved.

        Idempotent, and safe beside itself, workers and events that come meanwhile.
        """
        due = self._unresolved.due(self._clock.now_ms())
        return sum([self._look_at(each) for each in due])

    def _look_at(self, seen: Unresolved) -> bool:
        waited = [
            waited_ms
            for shard in SHARDS
            for view in self._accounts.chunks(seen.campaign, shard)
            if (waited_ms := self._resolve(view)) is not None
        ]
        if not waited:
            self._unresolved.drop(seen)
            return False
        pause_ms = max(MINUTE_MS, min(waited) // _PATIENCE)
        self._unresolved.postpone(seen, self._clock.now_ms() + pause_ms)
        return True

    def _resolve(self, view: ChunkView) -> int | None:
        """Resolve whom it can; return since when somebody waits, ms, or None when nobody does."""
        lost = _places(view, *_LOST)
        if not lost:
            return None
        waited_ms = max(0, self._clock.now_ms() - (view.dispatched_ms or 0))
        known = self._folds.of_chunk(view.chunk)
        silent = _places(view, OutcomeCode.UNKNOWN) - known.heard
        if silent and self._is_over(view.dispatched_ms or 0, waited_ms):
            # Noted first: an event that comes from now on finds it, and has everything looked at.
            known = self._folds.give_up(view.chunk, silent)
            silent -= known.heard
            told = dict.fromkeys(silent, OutcomeCode.UNSENT)
            waiting = False
        else:
            told, waiting = {}, bool(silent)
        told |= dict.fromkeys(lost & known.heard, OutcomeCode.RESOLVED_SENT)
        if told and not self._accounts.resolve(view, told):
            return waited_ms  # Its worker told more of it at this moment.
        self._tell(view, known)
        return waited_ms if waiting else None

    def _is_over(self, dispatched_ms: int, waited_ms: int) -> bool:
        """Whether nothing more is to be expected."""
        if waited_ms >= TERMINAL_MS:
            return True
        reached_ms = self._watermark.latest_ms() or 0
        return waited_ms >= SILENCE_MS and reached_ms > dispatched_ms + MARGIN_MS

    def _tell(self, view: ChunkView, known: Told) -> None:
        """Tell of people called unsent before who were sent to after all."""
        people = len(_places(view, OutcomeCode.UNSENT) & known.heard)
        if not people:
            return
        extra = {**_ids(view.chunk), "people": people}
        retry = self._campaigns.get(retry_id(view.chunk.campaign))
        if retry is None or not retry.retry_unsent:
            log.warning("Mails called unsent were sent after all; it is counted so.", extra=extra)
        else:
            log.error(
                "Mails called unsent were sent after all, and the campaign was retried meanwhile: "
                "these people may have the mail twice.",
                extra=extra,
            )


def _places(view: ChunkView, *codes: OutcomeCode) -> frozenset[int]:
    """Places with one of these outcomes; none of a row of version 1, which names nobody."""
    return frozenset(place for place, code in enumerate(view.codes or b"") if code in codes)


def _ids(chunk: ChunkRef) -> dict[str, str]:
    return {"campaign": chunk.campaign, "chunk": chunk.name}

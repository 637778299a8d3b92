# SPDX-License-Identifier: Apache-2.0
"""Links and pixels of mails at the moment somebody follows or loads one.

Guarantees (docs/spec/measurement.md) that a link leads to a target of its own campaign and nowhere
else; that something is kept with a person's id only if they consent to measurement at that very
moment, read strongly; that of anybody else only a number grows; and that who clicks arrives, even
where nothing can be written. No ledger entry is made and no consent changes. Refuses to know the
catalogue of campaigns: its tables' models take longer to load than all else a click needs.
"""

import logging

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId, encode_id
from chalicelib.domain.measurement import Spot, Targets, may_remember
from chalicelib.domain.state import Scope
from chalicelib.errors import FatalError, KvittoError, NotFound
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.links import CampaignLinks, Hits
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.link_tokens import LinkTokens

log = logging.getLogger(__name__)

UNKNOWN = "This link is not known."


class Measurement:
    """Clicks and opens."""

    def __init__(
        self,
        *,
        links: CampaignLinks,
        hits: Hits,
        store: LedgerStore,
        tokens: LinkTokens,
        queues: Queues,
        clock: Clock,
    ) -> None:
        self._links = links
        self._hits = hits
        self._store = store
        self._tokens = tokens
        self._queues = queues
        self._clock = clock

    def follow(self, token: str, *, record: bool) -> str:
        """Return where a link leads.

        Args:
            record: a person asks, as far as can be told: a program that looks ahead is not noted.

        Raises:
            BadToken: it is no click token of ours.
            NotFound: the campaign is unknown, or has no link of this number.
            DependencyError: the keys or the targets could not be read.
        """
        payload = self._tokens.read(LinkPurpose.CLICK, token)
        campaign, targets = self._targets(payload)
        if payload.link is None or payload.link >= len(targets.urls):
            raise NotFound(UNKNOWN)
        if record:
            self._note(payload, campaign, targets, payload.link)
        return targets.urls[payload.link]

    def see(self, token: str, *, record: bool) -> None:
        """Note that a mail was opened; arguments and errors are those of `follow`."""
        payload = self._tokens.read(LinkPurpose.OPEN, token)
        campaign, targets = self._targets(payload)
        if record:
            self._note(payload, campaign, targets, None)

    def _targets(self, payload: LinkPayload) -> tuple[CampaignId, Targets]:
        if payload.campaign is None:
            raise FatalError("a click or open token names no campaign")
        campaign = CampaignId(encode_id(payload.campaign))
        targets = self._links.get(campaign)
        if targets is None:
            raise NotFound(UNKNOWN)
        return campaign, targets

    def _note(
        self, payload: LinkPayload, campaign: CampaignId, targets: Targets, link: int | None
    ) -> None:
        """Write down what may be; nothing that fails here keeps anybody from arriving."""
        try:
            if not self._is_personal(payload, targets):
                self._hits.count(campaign, link, personal=False)
                return
            delivery = DeliveryId(encode_id(payload.delivery))
            spot = Spot(campaign=campaign, delivery=delivery, link=link)
            sid = SubjectId(encode_id(payload.sid))
            if self._hits.record(sid, spot, self._clock.now_ms()):
                self._hits.count(campaign, link, personal=True)
                self._queues.send(Queue.SEGMENTS, _told(sid, spot))
        except KvittoError as error:
            extra = {"campaign": campaign, "error": type(error).__name__}
            level = logging.ERROR if isinstance(error, FatalError) else logging.WARNING
            log.log(level, "a click or an open was not written down", extra=extra)

    def _is_personal(self, payload: LinkPayload, targets: Targets) -> bool:
        """Whether the token is of one person's mail, and they consent to measurement now."""
        if not any(payload.sid) or not any(payload.delivery):
            return False  # The campaign's own token, which is in every other mail.
        sid = SubjectId(encode_id(payload.sid))
        state = self._store.states([sid]).get(sid)
        return may_remember(state, Scope(targets.brand, EMAIL), targets.list)


def _told(sid: SubjectId, spot: Spot) -> dict[str, object]:
    """Ask for it to become a fact of the person, by ids alone; who does reads the consent anew.

    Kinds are the words of `domain.facts.Measured`, which a click has no time to load.
    """
    return {
        "v": 1,
        "hit": spot.delivery,
        "kind": "opened" if spot.link is None else "clicked",
        "subscriber": sid,
        "campaign": spot.campaign,
    }

# SPDX-License-Identifier: Apache-2.0
"""Mails opened and links followed, made facts of the person: apart from the click itself.

Guarantees that the message that asks for it decides nothing: what was noted is read again, and so
is the consent, strongly, for the list the mail was of. So a message of somebody who withdrew in
between, or of a hit that is gone, changes nothing.

Idempotency key: person, delivery and what was done (`FactFolder.note`).
"""

from chalicelib.domain.events import EMAIL
from chalicelib.domain.facts import Behaviour, Measured
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.measurement import Hit, may_remember
from chalicelib.domain.state import Scope
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.links import CampaignLinks, Hits
from chalicelib.services.facts_folder import FactFolder


class MeasuredFacts:
    """Folds hits into facts."""

    def __init__(
        self, *, links: CampaignLinks, hits: Hits, store: LedgerStore, folder: FactFolder
    ) -> None:
        self._links = links
        self._hits = hits
        self._store = store
        self._folder = folder

    def note(
        self, sid: SubjectId, campaign: CampaignId, delivery: DeliveryId, measured: Measured
    ) -> bool:
        """Count that a mail was opened, or a link in it followed; False where nothing is to be.

        Its time is that of the latest link followed for the first time.

        Raises:
            DependencyError: it may have been counted; doing it again is safe.
        """
        hits = [hit for hit in self._hits.of(sid, campaign, delivery) if _of(hit) is measured]
        targets = self._links.get(campaign)
        if not hits or targets is None:
            return False
        state = self._store.states([sid]).get(sid)
        if not may_remember(state, Scope(targets.brand, EMAIL), targets.list):
            return False
        behaviour = Behaviour(
            measured=measured,
            brand=targets.brand,
            campaign=campaign,
            occurred_ms=max(hit.first_ms for hit in hits),
        )
        self._folder.note(sid, behaviour, delivery)
        return True


def _of(hit: Hit) -> Measured:
    return Measured.OPENED if hit.spot.link is None else Measured.CLICKED

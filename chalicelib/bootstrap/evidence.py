# SPDX-License-Identifier: Apache-2.0
"""The services that show what the ledger holds of a person, and do what the law gives them.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property

from chalicelib.bootstrap.sending import SendingServices
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import SubjectId
from chalicelib.services.dispatches import Dispatches
from chalicelib.services.erasure import ErasureDesk
from chalicelib.services.evidence import Gatherer
from chalicelib.services.exhibits import Exhibits
from chalicelib.services.proofs import Proofs
from chalicelib.services.receipts import Receipts
from chalicelib.services.replay import Replay
from chalicelib.services.right_answers import RightAnswers
from chalicelib.services.rights import RightsDesk
from chalicelib.services.shredding import Shredder
from chalicelib.services.unconfirmed import Unconfirmed
from chalicelib.services.wishes import Wishes


class EvidenceServices(SendingServices):
    """Proofs, receipts, rights, erasures."""

    @cached_property
    def proofs(self) -> Proofs:
        """Proof bundles."""
        return Proofs(
            ledger=self.ledger,
            published=self.published_log,
            gatherer=self.gatherer,
            wishes=Wishes(ledger=self.ledger, wrapper=self.wrapper, random=self.random),
            jobs=self.jobs,
            blobs=self.blobs,
            queues=self.queues,
            tokens=self.tokens,
            unsealing=self.unsealing,
            by_message=self.finder.by_message_id,
            by_erasure=self._erased_subject,
            clock=self.clock,
            random=self.random,
        )

    def _erased_subject(self, erasure_id: str) -> SubjectId | None:
        found = self.erasure_records.get(erasure_id)
        return found.sid if found else None

    @cached_property
    def receipts(self) -> Receipts:
        """People's own receipts."""
        return Receipts(
            ledger=self.ledger,
            store=self.store,
            published=self.published_log,
            tokens=self.tokens,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            blobs=self.blobs,
        )

    @cached_property
    def gatherer(self) -> Gatherer:
        """Everything a bundle shows."""
        return Gatherer(
            published=self.published_log,
            exhibits=Exhibits(blobs=self.blobs, published=self.published_log),
            dispatches=Dispatches(
                store=self.store,
                mails=self.mail_records,
                campaigns=self.campaign_rows,
                sight=self.mail_sight,
                plans=self.plans,
                blobs=self.blobs,
                published=self.published_log,
                clock=self.clock,
            ),
            anchoring=self.anchoring,
            authority=self.time_authority,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            clock=self.clock,
            policy=self.policy,
            base_url=self.settings.base_url,
            storage=self.settings.storage,
        )

    @cached_property
    def shredder(self) -> Shredder:
        """Destroys a person's key and data."""
        return Shredder(
            ledger=self.ledger,
            store=self.store,
            data=self.personal_data,
            index=self.suppression_index,
            rights=self.rights_records,
            blobs=self.blobs,
            fence=self.export_fence,
            clock=self.clock,
            window_ms=self.settings.vault_recovery_days * DAY_MS,
        )

    @cached_property
    def erasures(self) -> ErasureDesk:
        """Erasures people ask for."""
        return ErasureDesk(
            ledger=self.ledger,
            records=self.erasure_records,
            shredder=self.shredder,
            tokens=self.tokens,
            published=self.published_log,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def rights(self) -> RightsDesk:
        """What people ask for about their data."""
        return RightsDesk(
            ledger=self.ledger,
            records=self.rights_records,
            audience=self.audience,
            erasures=self.erasures,
            suppressor=self.suppressor,
            unsealing=self.unsealing,
            brands=self.brands,
            tokens=self.tokens,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def right_answers(self) -> RightAnswers:
        """What becomes of it."""
        return RightAnswers(
            rights=self.rights,
            ledger=self.ledger,
            records=self.rights_records,
            erasures=self.erasures,
            clock=self.clock,
        )

    @cached_property
    def unconfirmed(self) -> Unconfirmed:
        """Requests never confirmed."""
        return Unconfirmed(
            store=self.store,
            records=self.erasure_records,
            shredder=self.shredder,
            published=self.published_log,
            queues=self.queues,
            clock=self.clock,
            keep_days=self.settings.keep_unconfirmed_days,
            keep_waiting_days=self.settings.keep_waiting_days,
        )

    @cached_property
    def replay(self) -> Replay:
        """Erasures after a restore."""
        return Replay(
            store=self.store,
            records=self.erasure_records,
            data=self.personal_data,
            shredder=self.shredder,
            published=self.published_log,
        )

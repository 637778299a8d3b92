# SPDX-License-Identifier: Apache-2.0
"""The services that make the log, stamp it, name it in mails, and compare everything with it.

Guarantees, as all of bootstrap, that each is made at its first use.
"""

from functools import cached_property
from hashlib import sha256

from chalicelib.bootstrap.core import Core
from chalicelib.proof.policy import Log, Policy
from chalicelib.services.anchoring import AnchorBell, Anchoring
from chalicelib.services.checkpoint_line import CheckpointLines
from chalicelib.services.fsck import Fsck
from chalicelib.services.fsck_facts import FactsCheck
from chalicelib.services.fsck_log import LogCheck
from chalicelib.services.fsck_people import PeopleCheck
from chalicelib.services.fsck_places import PlaceCheck
from chalicelib.services.sequencing import Sequencer


class LogServices(Core):
    """The log and its checkpoints."""

    @cached_property
    def sequencer(self) -> Sequencer:
        """Turns entries into a log."""
        return Sequencer(
            heads=self.heads,
            outbox=self.outbox,
            blobs=self.blobs,
            signer=self.log_signer,
            origin=self.settings.ledger_origin,
            bell=self.anchor_bell if self.settings.tsa_url else None,
        )

    @cached_property
    def anchor_bell(self) -> AnchorBell:
        """Asks for time anchors."""
        return AnchorBell(anchors=self.anchors, queues=self.queues, clock=self.clock)

    @cached_property
    def anchoring(self) -> Anchoring:
        """Time anchors."""
        return Anchoring(
            anchors=self.anchors,
            authority=self.time_authority,
            outbox=self.outbox,
            blobs=self.blobs,
            clock=self.clock,
            origin=self.settings.ledger_origin,
        )

    @cached_property
    def policy(self) -> bytes:
        """The C2SP policy a verifier needs: the log's key and the roots of time. Public."""
        return Policy(
            logs=(Log(key=self.sequencer.log_key),),
            time_roots=tuple(sha256(root).digest() for root in self.time_authority.roots),
        ).encode()

    @cached_property
    def checkpoint_lines(self) -> CheckpointLines:
        """The line of the ledger in mails."""
        return CheckpointLines(
            heads=self.heads, clock=self.clock, origin=self.settings.ledger_origin
        )

    @cached_property
    def fsck(self) -> Fsck:
        """Compares everything with the log's entries."""
        log = LogCheck(
            heads=self.heads,
            blobs=self.blobs,
            objects=self.object_audit,
            rows=self.ledger_audit,
            key=self.sequencer.log_key,
        )
        places = PlaceCheck(
            rows=self.ledger_audit, outbox=self.outbox, heads=self.heads, blobs=self.blobs
        )
        people = PeopleCheck(
            rows=self.ledger_audit,
            places=places,
            store=self.store,
            audience=self.audience,
            wrapper=self.wrapper,
            origin=self.settings.ledger_origin,
        )
        facts = FactsCheck(
            people=self.fact_people, facts=self.facts, scan=self.fact_scan, audience=self.audience
        )
        return Fsck(checks=(log, people, facts), clock=self.clock)

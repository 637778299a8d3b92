# SPDX-License-Identifier: Apache-2.0
"""Erasures: asked for by one key, approved by another, done by a worker, certified.

Guarantees that mail stops with the request, that no one key erases anybody, that work begun is
finished whatever crashes, and that certificates hold no personal data (docs/spec/erasure.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain import erasure as rules
from chalicelib.domain.erasure import Erasure, Ground, Stage
from chalicelib.domain.events import Via
from chalicelib.domain.ids import RANDOM_ID_BYTES, JobId, SubjectId, encode_id
from chalicelib.errors import Conflict, FatalError, InputError, KvittoError, NotFound
from chalicelib.ports.catalog import Page
from chalicelib.ports.erasure import Erasures
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.merkle import leaf_hash
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.published_log import PublishedLog
from chalicelib.services.selection import subject_of
from chalicelib.services.shredding import Shredder
from chalicelib.vocabulary import EventType

SWEEP_AGAIN_MS = 15 * 60 * 1000
"""Longer than any function runs: what had the key in memory has ended by then, milliseconds."""
RESTRICTED_FOR = "erasure-requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an erased person keeps: it leads to the entry in the log, and to nobody.

    Attributes:
        index: of the entry in the log. leaf_sha256: its leaf hash, hex.
        chain_entries: entries that became unopenable. vault_ref: ``kid`` of the entry.
        final_ms: when no backup holds the key any more.
        checkpoint: text of a signed checkpoint that covers the entry.

    """

    erasure: Erasure
    event: str
    index: int
    leaf: str
    leaf_sha256: str
    chain_entries: int
    vault_ref: str
    erased_ms: int
    final_ms: int
    origin: str
    checkpoint: str


class ErasureDesk:
    """Erasures as people ask for them."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        records: Erasures,
        shredder: Shredder,
        tokens: LinkTokens,
        published: PublishedLog,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._records = records
        self._shredder = shredder
        self._tokens = tokens
        self._published = published
        self._queues = queues
        self._clock = clock
        self._random = random

    def request(
        self,
        selector: Mapping[str, str],
        *,
        key_id: str,
        ground: Ground = Ground.WITHDRAWN,
        suppress: bool = True,
        country: str | None = None,
        language: str = "en",
    ) -> Erasure:
        """Stop all mail to a person and record that they are to be erased.

        Asking again while one is open gives that one, as it was asked for.

        Raises:
            InputError: not exactly one selector, a malformed one, or no ground of a request.
            NotFound: nobody is found by it, or they are erased already.
            Conflict: the chain kept moving; repeat the request.
        """
        if ground not in rules.REQUESTABLE:
            raise InputError(code="bad_ground", detail="This ground is not one of a request.")
        return self._open(
            Erasure(
                id=JobId(encode_id(self._random(RANDOM_ID_BYTES))),
                sid=subject_of(selector, self._ledger, self._tokens),
                ground=ground,
                suppress=suppress,
                requested_by=key_id,
                requested_ms=self._clock.now_ms(),
                country=country,
                language=language,
            )
        )

    def request_by_person(
        self, sid: SubjectId, language: str, country: str | None = None, *, suppress: bool = True
    ) -> Erasure:
        """Let the worker erase a person who asks for it from a fresh link of their own.

        No second key: that rule is about keys of the controller, and the person has shown that the
        mailbox is theirs. One that a key asked for and that is still open is approved by this,
        with what the person says of ``suppress``.

        Raises:
            NotFound: the person is erased already.
            Conflict: the chain kept moving; ask again.
        """
        made = self._open(
            Erasure(
                id=JobId(encode_id(self._random(RANDOM_ID_BYTES))),
                sid=sid,
                ground=Ground.WITHDRAWN,
                suppress=suppress,
                requested_by=rules.PERSON,
                requested_ms=self._clock.now_ms(),
                country=country,
                language=language,
            )
        )
        return self._start(made, rules.approve_by_person(made, suppress, self._clock.now_ms()))

    def _open(self, made: Erasure) -> Erasure:
        """Stop all mail and store the record; return the open one there is already instead."""
        self._restrict(made.sid)
        latest = self._records.of(made.sid)
        if latest is not None and latest.is_open:
            return latest
        self._records.create(made, after=latest)
        return made

    def is_open_for(self, sid: SubjectId) -> bool:
        """Say whether an erasure of the person is still to be done or cancelled."""
        return self.open_of(sid) is not None

    def open_of(self, sid: SubjectId) -> Erasure | None:
        """Return the person's erasure that is still to be done or cancelled, or None."""
        latest = self._records.of(sid)
        return latest if latest is not None and latest.is_open else None

    def _restrict(self, sid: SubjectId) -> None:
        def decide(chain: Chain) -> list[Draft]:
            if chain.state.restricted:
                return []
            return [
                Draft(
                    type=EventType.SUBJECT_RESTRICTED,
                    channel=None,
                    reason=RESTRICTED_FOR,
                    via=Via.API,
                )
            ]

        self._ledger.retrying(sid, decide)

    def approve(self, erasure_id: str, key_id: str) -> Erasure:
        """Let the worker erase; approving again asks it again.

        Raises:
            NotFound: there is no such erasure.
            IllegalTransition: the key is the one that asked.
            Conflict: it was cancelled, or changed meanwhile.
        """
        before = self.get(erasure_id)
        return self._start(before, rules.approve(before, key_id, self._clock.now_ms()))

    def _start(self, before: Erasure, after: Erasure) -> Erasure:
        """Store an approval and ask the worker."""
        if after is not before:
            after = self._records.replace(after)
        if after.stage is Stage.APPROVED:
            self._queues.send(Queue.ERASURES, {"v": 1, "erasure": after.id})
        return after

    def cancel(self, erasure_id: str) -> Erasure:
        """Call it off before it is approved; the restriction stays.

        Raises:
            NotFound: there is no such erasure.
            IllegalTransition: it was approved already.
            Conflict: it changed meanwhile.
        """
        before = self.get(erasure_id)
        after = rules.cancel(before)
        return before if after is before else self._records.replace(after)

    def get(self, erasure_id: str) -> Erasure:
        """Return an erasure.

        Raises:
            NotFound: there is no such erasure.
        """
        found = self._records.get(erasure_id)
        if found is None:
            raise NotFound("There is no such erasure.")
        return found

    def page(self, cursor: str | None, limit: int) -> Page[Erasure]:
        """Return one page of erasures."""
        return self._records.page(cursor, limit)

    def perform(self, erasure_id: str) -> Erasure:
        """Erase an approved person. Idempotency key: the erasure's id.

        Raises:
            NotFound: there is no such erasure.
            FatalError: it is approved, and there is neither a person nor an erased chain.
            Conflict, DependencyError: repeat it.
        """
        found = self.get(erasure_id)
        if found.stage is Stage.ERASED:
            self._shredder.sweep(found.sid)
            return found
        if found.stage is not Stage.APPROVED:
            return found
        try:
            done = self._shredder.shred(found.sid, found.ground, suppress=found.suppress)
        except NotFound:
            raise FatalError("an approved erasure names a person without key or entry") from None
        return self._records.replace(
            replace(
                found,
                stage=Stage.ERASED,
                event=done.event,
                entry=done.entry,
                erased_ms=done.at_ms,
            )
        )

    def go_on(self) -> int:
        """Do what a lost message left behind, and the second sweep; return how many are open.

        Raises:
            KvittoError: of the first that failed, when all others were done.
        """
        left, failures = 0, []
        for found in self._records.unfinished():
            try:
                done = self.perform(found.id)
            except KvittoError as error:
                failures.append(error)
                continue
            age_ms = self._clock.now_ms() - (done.erased_ms or self._clock.now_ms())
            if found.stage is Stage.ERASED and age_ms >= SWEEP_AGAIN_MS:
                self._records.finish(done)
            else:
                left += 1
        if failures:
            raise failures[0]
        return left

    def certificate(self, erasure_id: str) -> Certificate:
        """Return the certificate of a finished erasure.

        Raises:
            NotFound: there is no such erasure, or no checkpoint at all yet.
            Conflict: it is not done, or its entry is not in a checkpoint yet.
        """
        found = self.get(erasure_id)
        if found.entry is None:
            raise Conflict("Nobody was erased yet. The certificate comes with the erasure.")
        (entry,) = self._ledger.history(found.sid, found.entry, found.entry)
        tree = self._published.latest()
        index = self._published.index(entry.event, tree)
        if index is None:
            raise Conflict("The entry is on its way into the log. Ask again in a moment.")
        fields = parse_leaf(entry.leaf).fields
        if fields.erasure is None:
            raise FatalError("an erasure names an entry that erased nobody")
        return Certificate(
            erasure=found,
            event=entry.event,
            index=index,
            leaf=entry.leaf.decode("ascii"),
            leaf_sha256=leaf_hash(entry.leaf).hex(),
            chain_entries=fields.erasure.chain_length,
            vault_ref=fields.erasure.vault_ref,
            erased_ms=fields.ts_ms,
            final_ms=fields.erasure.final_after_ms,
            origin=tree.checkpoint.origin,
            checkpoint=tree.note.decode("utf-8"),
        )

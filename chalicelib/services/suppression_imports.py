# SPDX-License-Identifier: Apache-2.0
"""Files of suppressed addresses brought in: plain ones, SHA-256, and our own exports.

Guarantees that each row is a suppression like any other, with its ledger entry; that reading goes
on where it stopped, and that the same file again adds nothing. While it is worked on a file lies
sealed under a key of its own, for a day at most; job rows and messages hold no address, and what is
said of a refused row is its line and one word. Refuses nothing for being known: it is counted.

Idempotency key: the job, and how far it is.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from chalicelib.domain.account_list import LISTED_REASONS
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import RANDOM_ID_BYTES, JobId, SubjectId, decode_id, encode_id
from chalicelib.domain.import_limits import FileError, Refusal, RowRefusal
from chalicelib.domain.import_records import Record
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.domain.suppression_files import (
    MAX_ROWS,
    Columns,
    FileWish,
    RefusedRow,
    SuppressionRow,
    digest_name,
    refused_row,
    row_of,
)
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Jobs
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.imports import ImportReader, Passed, Table
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.outside import Blobs, Queue, Queues
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof import base64url
from chalicelib.proof.sealing import KEY_BYTES, NONCE_BYTES, SubjectKeys
from chalicelib.services.account_list import AccountListSync
from chalicelib.services.ledger import Ledger
from chalicelib.services.suppression_import_jobs import (
    FOLDER,
    KEY,
    KIND,
    Phase,
    SuppressionImport,
    counted,
    ended,
    following,
    noted,
    place,
    request_of,
    shown,
    told,
    wish_of,
)
from chalicelib.services.suppression_matches import SuppressionMatches
from chalicelib.services.suppressions import Suppressions, Suppressor

log = logging.getLogger(__name__)

LASTS_MS: Final = DAY_MS
"""How long a file is worked on, milliseconds."""
RUN_MS: Final = 200_000
"""How long one message works, milliseconds; its handler has more."""
AT_ONCE: Final = 50
_FILE: Final = b"suppressions#file"
_SEALED: Final = "application/octet-stream"
GONE: Final = (
    "The file is gone: after a day, and when somebody is erased, files of addresses are destroyed. "
    "What was read before stays. Please bring the file in again."
)


class SuppressionImports:
    """Takes files in and works through them."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        suppressor: Suppressor,
        suppressions: Suppressions,
        matches: SuppressionMatches,
        index: SuppressionIndex,
        reader: ImportReader,
        account_list: AccountListSync,
        wrapper: KeyWrapper,
        blobs: Blobs,
        jobs: Jobs,
        queues: Queues,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._ledger = ledger
        self._suppressor = suppressor
        self._suppressions = suppressions
        self._matches = matches
        self._index = index
        self._reader = reader
        self._account_list = account_list
        self._wrapper = wrapper
        self._blobs = blobs
        self._jobs = jobs
        self._queues = queues
        self._clock = clock
        self._random = random

    def ask(self, data: bytes, wish: FileWish, *, push: bool = False) -> SuppressionImport:
        """Take a file in; it is worked on later.

        Args:
            push: put addresses that bounced or complained for every brand on SES's own list, too.

        Raises:
            InputError: it is no list (`FileError`, ``no_address_column``, ``too_many_rows``), or
                its reach names what is not there. Nothing was taken in.
            DependencyError: likewise.
        """
        self._suppressions.require(wish.reach)
        if sum(1 for _ in islice(self._rows(data, wish), MAX_ROWS + 1)) > MAX_ROWS:
            raise InputError(
                code="too_many_rows",
                detail="The file has more than 100,000 rows. Nothing was suppressed: please split"
                " it.",
            )
        job_id = JobId(encode_id(self._random(RANDOM_ID_BYTES)))
        wrapped = self._wrapper.wrap(decode_id(job_id), self._random(KEY_BYTES))
        job = Job(
            id=job_id,
            kind=KIND,
            status=JobStatus.PENDING,
            created_ms=self._clock.now_ms(),
            request=request_of(wish, push=push),
            progress={KEY: base64url.encode(wrapped), "phase": Phase.READ},
        )
        sealed = self._keys(job).seal_event(_FILE, data, self._random(NONCE_BYTES))
        self._blobs.put(_name(job), sealed, _SEALED)
        self._jobs.create(job)
        self._go_on(job)
        return shown(job)

    def get(self, job_id: str) -> SuppressionImport:
        """Return a file as it is now.

        Raises:
            InputError: ``job_id`` is not an id.
            NotFound: there is no such file.
        """
        decode_id(job_id)
        job = self._jobs.get(KIND, job_id)
        if job is None:
            raise NotFound("There is no such file of suppressions.")
        return shown(job)

    def run(self, job_id: str, budget_ms: int = RUN_MS) -> None:
        """Work on a file for a while, and ask for another message where time ends.

        Raises:
            Conflict: somebody's chain kept moving; what was done stays done.
            DependencyError: likewise; do it again.
        """
        job = self._jobs.get(KIND, job_id)
        if job is None or job.status is not JobStatus.PENDING:
            return
        data = self._data(job)
        if data is None:
            self._stored(ended(job, JobStatus.FAILED, GONE))
            return
        until_ms = self._clock.now_ms() + budget_ms
        current: Job | None = job
        while current is not None and current.status is JobStatus.PENDING:
            if self._clock.now_ms() >= until_ms:
                self._go_on(current)
                return
            if current.progress["phase"] == Phase.MATCH:
                current = self._match(current, data, until_ms)
            else:
                current = self._through(current, data, until_ms)

    def _through(self, job: Job, data: bytes, until_ms: int) -> Job | None:
        """Go on through the rows, to their end or that of the time; None: somebody is ahead."""
        rows = islice(self._rows(data, wish_of(job)), place(job), None)
        current: Job | None = job
        while current is not None and self._clock.now_ms() < until_ms:
            some = list(islice(rows, AT_ONCE))
            if not some:
                return self._stored(following(current))
            if current.progress["phase"] == Phase.PUSH:
                current = self._stored(self._push(current, some, until_ms))
            else:
                done = noted(current, at=place(current) + len(some))
                current = self._stored(self._read(done, some))
        return current

    # Reading

    def _read(self, job: Job, some: Sequence[SuppressionRow | RefusedRow]) -> Job:
        refused: list[RefusedRow] = []
        missing: dict[Reach, str] = {}
        wanted: list[SuppressionRow] = []
        for row in some:
            if isinstance(row, RefusedRow):
                refused.append(row)
                continue
            why = missing.setdefault(row.reach, self._missing(row.reach))
            if why:
                refused.append(RefusedRow(line=row.line, why=why))
            else:
                wanted.append(row)
        if any(row.digest for row in wanted):
            self._index.note_digests()
            job = noted(job, digests="yes")
        added = sum(
            self._suppressor.suppress_mac(mac, row.reason, reach=row.reach)
            for row, mac in zip(wanted, self._macs(wanted), strict=True)
        )
        job = counted(job, rows=len(some), added=added, known=len(wanted) - added)
        return told(job, refused)

    def _missing(self, reach: Reach) -> str:
        """What the reach names that is not there; "" where all is."""
        try:
            self._suppressions.require(reach)
        except InputError as error:
            return error.code
        return ""

    def _macs(self, rows: Sequence[SuppressionRow]) -> list[str]:
        """The MAC each row is kept under: of its address, of its digest, or as it came."""
        names = [_named(row) for row in rows]
        made = iter(self._ledger.macs([name for name in names if name]))
        computed = [next(made) if name else "" for name in names]
        return [self._mac(row, mac) for row, mac in zip(rows, computed, strict=True)]

    def _mac(self, row: SuppressionRow, computed: str) -> str:
        """A MAC that came with a row is ours if it leads to something; if not, it may be all."""
        if row.mac is None or row.address is not None:
            return computed
        found = self._ledger.lookup(row.mac)
        is_ours = found.sid is not None or bool(found.suppressions)
        return row.mac if is_ours or not computed else computed

    # People of ours, and SES's own list

    def _match(self, job: Job, data: bytes, until_ms: int) -> Job | None:
        rows = self._rows(data, wish_of(job))
        digests = {row.digest for row in rows if isinstance(row, SuppressionRow) and row.digest}
        current: Job | None = job
        while current is not None and self._clock.now_ms() < until_ms:
            matched, cursor = self._matches.page(digests, current.progress.get("cursor"))
            current = counted(current, matched=matched)
            if cursor is None:
                return self._stored(following(current))
            current = self._stored(noted(current, cursor=cursor))
        return current

    def _push(self, job: Job, some: Sequence[SuppressionRow | RefusedRow], until_ms: int) -> Job:
        """Put rows on SES's list, at the pace SES allows, as far as time goes."""
        for row in some:
            if self._clock.now_ms() >= until_ms:
                break
            job = noted(job, at=place(job) + 1)
            if isinstance(row, RefusedRow) or row.address is None:
                continue
            if row.reach == EVERYWHERE and row.reason in LISTED_REASONS:
                is_there = self._account_list.outbound(row.address.deliverable, row.reason)
                job = counted(job, pushed=is_there, not_pushed=not is_there)
        return job

    # The file

    def _rows(self, data: bytes, wish: FileWish) -> Iterator[SuppressionRow | RefusedRow]:
        """What the file says, row by row, of every list in a ZIP: as often as asked, the same.

        Raises:
            InputError: it is no list; a workbook in a ZIP is one that cannot be read.
        """
        for found in self._reader.tables(_Sent(data)):
            if isinstance(found, Table):
                yield from _rows_of(found, wish)
            elif found.kind is Passed.SPREADSHEET:
                raise FileError(Refusal.SPREADSHEET, member=found.member)

    def _data(self, job: Job) -> bytes | None:
        if self._clock.now_ms() - job.created_ms >= LASTS_MS:
            return None
        blob = self._blobs.get(_name(job))
        return None if blob is None else self._keys(job).open_event(_FILE, blob.data)

    def _keys(self, job: Job) -> SubjectKeys:
        return self._ledger.keys_of(SubjectId(job.id), base64url.decode(job.progress[KEY]))

    # The job

    def _stored(self, job: Job) -> Job | None:
        """Store a job; None where another worker is ahead. What is over loses key, then file."""
        try:
            stored = self._jobs.replace(job)
        except Conflict:
            return None
        if job.status is not JobStatus.PENDING:
            self._blobs.delete_all(f"{FOLDER}{job.id}/")
            log.info("a file of suppressions is done", extra={"job": job.id, "status": job.status})
        return stored

    def _go_on(self, job: Job) -> None:
        self._queues.send(Queue.SUPPRESSIONS, {"v": 1, "import": job.id})


class _Sent:
    """A file that came in one part."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self._data),)

    def part(self, number: int) -> bytes:  # noqa: ARG002  # there is one
        return self._data


def _rows_of(table: Table, wish: FileWish) -> Iterator[SuppressionRow | RefusedRow]:
    """What a list says, row by row; where it has no names of columns, from the first on."""
    columns = Columns(table.header.cells)
    if not columns.is_header:
        yield row_of(Record(table.header.line, table.header.cells), columns, wish)
    for record in table.rows:
        if isinstance(record, Record):
            yield row_of(record, columns, wish)
        elif columns.is_header or record.refusal is not RowRefusal.REPEATED_HEADER:
            # Whoever can be read is suppressed, whatever cannot be read beside them.
            rest = record.rest and row_of(Record(record.line, record.rest), columns, wish)
            yield rest if isinstance(rest, SuppressionRow) else refused_row(record)
        else:
            yield row_of(Record(record.line, table.header.cells), columns, wish)


def _named(row: SuppressionRow) -> str:
    """What a row's MAC is made of; "" where it came with nothing but a MAC."""
    if row.address is not None:
        return row.address.normal
    return digest_name(row.digest) if row.digest else ""


def _name(job: Job) -> str:
    return f"{FOLDER}{job.id}/f"

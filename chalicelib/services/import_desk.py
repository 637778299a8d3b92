# SPDX-License-Identifier: Apache-2.0
"""Imports as people ask for them: begun, sent in parts, looked at, answered for, stopped.

Guarantees that nothing of a file takes effect before somebody answered for what its preview showed
them, and that what they answered for is stored before the first person is written. Refuses a run
by a country table that changed since the preview.

Idempotency key: the import, and its stage.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Final

from chalicelib.domain.catalog import Brand
from chalicelib.domain.ids import RANDOM_ID_BYTES, ListId, encode_id
from chalicelib.domain.import_limits import MAX_PART_BYTES, MAX_PARTS, Refusal
from chalicelib.domain.import_statement import MAX_DOCUMENTS, Document, DocumentKind, Statement
from chalicelib.domain.import_wishes import (
    NewImport,
    Remap,
    asked_to_judge,
    asked_to_read,
    judged_otherwise,
    read_otherwise,
    target_of,
)
from chalicelib.domain.imports import Happening, Import, ImportId, Mode, Stage, after
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Lists, Page
from chalicelib.ports.exports import ExportFence
from chalicelib.ports.import_rows import CutOver, ImportFiles, ImportRows
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.import_stages import CHECK, READ, RUN, ImportStages
from chalicelib.services.import_statements import ImportStatements

_PICTURES: Final = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class ImportDesk:
    """Imports."""

    def __init__(
        self,
        *,
        rows: ImportRows,
        files: ImportFiles,
        stages: ImportStages,
        brands: Brands,
        lists: Lists,
        fence: ExportFence,
        statements: ImportStatements,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._rows = rows
        self._files = files
        self._stages = stages
        self._brands = brands
        self._lists = lists
        self._fence = fence
        self._statements = statements
        self._clock = clock
        self._random = random

    def new(self, asked: NewImport, by: str) -> Import:
        """Begin an import; it waits for the parts of its file.

        Args:
            by: id of the key that asks.

        Raises:
            NotFound: there is no such brand, or it has no such list.
            InputError: something asked for is not possible; the detail says what.
        """
        brand = self._brand(asked.brand)
        now_ms = self._clock.now_ms()
        import_id = ImportId(encode_id(self._random(RANDOM_ID_BYTES)))
        record = Import(
            id=import_id,
            target=target_of(asked, brand, self._list(brand, asked.list)),
            created_ms=now_ms,
            created_by=by,
            read_as=asked_to_read(asked, brand),
            judged_by=asked_to_judge(asked),
            at_ms=now_ms,
            fence=self._fence.place_of_imports(),
            key=self._files.new_key(import_id),
        )
        self._rows.create(record)
        return record

    def put_part(self, import_id: str, number: int, data: bytes) -> None:
        """Keep a part of the file, from 1 on; a repeat replaces it.

        Raises:
            InputError: no such number, or it is empty or larger than 4 MiB.
            NotFound: there is no such import.
            IllegalTransition: its file is whole already, or it ended.
        """
        record = self.get(import_id)
        after(record.stage, Happening.UPLOADED)
        if not 1 <= number <= MAX_PARTS:
            raise InputError("bad_part", f"Parts have the numbers 1 to {MAX_PARTS}.")
        if not data:
            raise InputError(Refusal.EMPTY.value, "This part is empty. Nothing was kept.")
        if len(data) > MAX_PART_BYTES:
            raise InputError(
                Refusal.TOO_LARGE.value, "A part has at most 4 MiB. Nothing of it was kept."
            )
        self._files.put_part(record, number, data)

    def uploaded(self, import_id: str, parts: int, stated_sha256: str = "") -> Import:
        """Have the file read, now that all its parts are there; repeating is harmless.

        Args:
            stated_sha256: of the whole file, hex; the import fails when it is another.

        Raises:
            InputError: no such number of parts.
            NotFound: there is no such import.
            Conflict: a part is missing, or somebody was faster.
            IllegalTransition: it was read already, or it ended.
        """
        record = self.get(import_id)
        if record.stage is Stage.READING and record.parts == parts:
            self._stages.ask(record, READ)
            return record
        moved = record.moved(Happening.UPLOADED, self._clock.now_ms())
        if not 1 <= parts <= MAX_PARTS:
            raise InputError("bad_part", f"A file has 1 to {MAX_PARTS} parts.")
        for number in range(1, parts + 1):
            if self._files.part_size(record, number) is None:
                raise Conflict(f"Part {number} of the file is missing. Send it, then try again.")
        mac = self._statements.file_mac(stated_sha256) if stated_sha256 else ""
        stored = self._rows.replace(replace(moved, parts=parts, stated_mac=mac))
        self._stages.ask(stored, READ)
        return stored

    def get(self, import_id: str) -> Import:
        """Return an import as it is now.

        Raises:
            InputError: it is not an id.
            NotFound: there is no such import.
        """
        return self._stages.settled(self._stages.require(import_id))

    def page(self, cursor: str | None, limit: int) -> Page[Import]:
        """Return up to ``limit`` (1 to 100) imports, the latest first.

        Raises:
            InputError: the cursor is not ours.
        """
        found, after_them = self._rows.page(cursor, limit)
        return Page(items=tuple(map(self._stages.settled, found)), cursor=after_them)

    def map(self, import_id: str, said: Remap) -> Import:
        """Say otherwise how the file is to be read or judged; the preview is made again.

        Raises:
            InputError: ``bad_mapping`` and others; nothing was changed.
            NotFound: there is no such import.
            Conflict: somebody else changed it first.
            IllegalTransition: it is being read, runs, or ended.
        """
        record = self.get(import_id)
        read_as = read_otherwise(record.read_as, said, record.file)
        judged_by = judged_otherwise(record.judged_by, said)
        if (read_as, judged_by) == (record.read_as, record.judged_by):
            return self._asked_again(record)
        reread = read_as != record.read_as
        happening = Happening.REREAD if reread else Happening.REJUDGED
        moved = record.moved(happening, self._clock.now_ms())
        return self._stages.anew(replace(moved, read_as=read_as, judged_by=judged_by))

    def add_document(self, import_id: str, kind: DocumentKind, data: bytes) -> Document:
        """Keep a document that shows the wording; the preview is made again by it.

        Raises:
            InputError: it is empty, too large, of no kind we take, or there are ten.
            NotFound: there is no such import.
            Conflict: somebody else changed it first.
            IllegalTransition: it is being read, runs, or ended.
        """
        record = self.get(import_id)
        moved = record.moved(Happening.REJUDGED, self._clock.now_ms())
        held = record.judged_by.documents
        document = Document(kind=kind, sha256=sha256(data).hexdigest(), size=len(data))
        if any(each.sha256 == document.sha256 for each in held):
            self._asked_again(record)
            return document
        if len(held) >= MAX_DOCUMENTS:
            raise InputError(
                "bad_statement", f"There are {MAX_DOCUMENTS} documents at most. Nothing was kept."
            )
        _require_readable(data)
        self._files.put_document(document.sha256, data)
        judged_by = replace(record.judged_by, documents=(*held, document))
        self._stages.anew(replace(moved, judged_by=judged_by))
        return document

    def run(self, import_id: str, statement: Statement | None, by: str) -> Import:
        """Have the import written as its preview says; repeating is harmless.

        Args:
            statement: who answers for it, and for what; its documents are those of the import. A
                cut-over needs none: it only ends.
            by: id of the key that asks.

        Raises:
            InputError: ``bad_statement``: there is none; or what it says.
            NotFound: there is no such import.
            Conflict: the basis is another than the preview's, or the country rules changed since.
            IllegalTransition: there is no preview to answer for.
        """
        record = self.get(import_id)
        if record.stage is Stage.RUNNING:
            self._stages.ask(record, RUN)
            return record
        moved = record.moved(Happening.RUN, self._clock.now_ms())
        if record.target.mode is not Mode.CUT_OVER:
            moved = self._statements.stated(record, moved, statement, by)
        stored = self._rows.replace(moved)
        self._stages.ask(stored, RUN)
        return stored

    def cancel(self, import_id: str) -> Import:
        """Stop an import and destroy its files; what was written stays written.

        Raises:
            NotFound: there is no such import.
            Conflict: it moved on meanwhile.
            IllegalTransition: it ended before.
        """
        record = self.get(import_id)
        if record.stage is Stage.CANCELLED:
            return record
        return self._stages.end(record.moved(Happening.CANCEL, self._clock.now_ms()))

    def cut_overs(self) -> tuple[CutOver, ...]:
        """Return every moving from an earlier tool, ended ones too."""
        return self._rows.cut_overs()

    def end_cut_over(self, brand: str, list_id: str) -> CutOver:
        """Note that the earlier tool sends no more, so that nobody is reminded of its opt-outs.

        Raises:
            NotFound: nothing moves to this list.
        """
        for moving in self._rows.cut_overs():
            if (moving.brand, moving.list) == (brand, list_id):
                ended = replace(moving, ended_ms=moving.ended_ms or self._clock.now_ms())
                self._rows.put_cut_over(ended)
                return ended
        raise NotFound("Nothing moves to this list from an earlier tool.")

    def _asked_again(self, record: Import) -> Import:
        """Whoever asks the same again may never have been answered: the message may be lost."""
        if record.stage in _WORK:
            self._stages.ask(record, _WORK[record.stage])
        return record

    def _brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("There is no such brand.")
        return brand

    def _list(self, brand: Brand, list_id: str) -> ListId:
        found = self._lists.get(list_id)
        if found is None or found.brand != brand.id:
            raise NotFound("The brand has no such list.")
        return found.id


_WORK: Final = {Stage.READING: READ, Stage.CHECKING: CHECK}


def _require_readable(data: bytes) -> None:
    """Refuse what is neither PDF, PNG, JPEG nor text: nobody could read it in some years."""
    if data.startswith(_PICTURES):
        return
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(
            "bad_document", "A document is a PDF, PNG, JPEG, or text in UTF-8. Nothing was kept."
        )

# SPDX-License-Identifier: Apache-2.0
"""`ports.import_rows.ImportFiles` over the blobs: objects sealed with a key of the import's own.

Guarantees that without the key on the import's record nothing below ``imports/<id>/`` can be read,
in whatever version of an object it is left, and that an object opens under no other name. Keys
hold ids and numbers only.

Objects: ``imports/<id>/u/<part>`` · ``imports/<id>/<attempt>/<lane>/<kind>/<number>`` and
``…/m/<chunk>`` · ``imports/<id>/rules/<digest>`` · ``import-reports/<id>/<attempt>-<number>.csv`` ·
``imported/documents/<sha256>``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.domain.country_rules import Rules, load_rules, rules_document
from chalicelib.domain.csv_rows import MEDIA_TYPE
from chalicelib.domain.ids import decode_id
from chalicelib.domain.import_lines import activities_of, chunk_of, rows_of
from chalicelib.domain.import_rows import Activity, ImportRow
from chalicelib.domain.imports import Halted, Import, ImportId, Problem
from chalicelib.errors import EvidenceError
from chalicelib.ports.exports import IMPORTS
from chalicelib.ports.import_rows import Kind
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.outside import Blobs
from chalicelib.ports.system import RandomBytes
from chalicelib.proof.sealing import GCM_TAG_BYTES, KEY_BYTES, NONCE_BYTES

REPORTS: Final = "import-reports/"
DOCUMENTS: Final = "imported/documents/"
_VERSION: Final = b"\x01"
_HEAD_BYTES: Final = len(_VERSION) + NONCE_BYTES
_SEALED: Final = "application/octet-stream"


class SealedImportFiles:
    """Files of imports."""

    def __init__(self, *, blobs: Blobs, wrapper: KeyWrapper, random: RandomBytes) -> None:
        self._blobs = blobs
        self._wrapper = wrapper
        self._random = random

    def new_key(self, import_id: ImportId) -> bytes:
        """Return a new key, wrapped, for the record of a new import."""
        return self._wrapper.wrap(decode_id(import_id), self._random(KEY_BYTES))

    def put_part(self, of: Import, number: int, data: bytes) -> None:
        """Keep a part of the file, from 1 on; a repeat replaces it."""
        self._put(of, _part(of, number), data)

    def part_size(self, of: Import, number: int) -> int | None:
        """Return how many bytes a part has; None where there is none."""
        size = self._blobs.size(_part(of, number))
        return None if size is None else size - _HEAD_BYTES - GCM_TAG_BYTES

    def part(self, of: Import, number: int) -> bytes:
        """Return a part, from 1 on.

        Raises:
            Halted: it is gone.
        """
        return self._get(of, _part(of, number))

    def put_rows(
        self, of: Import, lane: str, kind: Kind, number: int, rows: Sequence[bytes]
    ) -> None:
        """Keep a chunk of lines, numbered from 0 within its lane and kind."""
        self._put(of, _chunk(of, lane, kind, number), chunk_of(rows))

    def rows(self, of: Import, lane: str, kind: Kind, number: int) -> tuple[ImportRow, ...]:
        """Return the rows of a chunk of `Kind.ENDS` or `Kind.GOES`, in their order."""
        return rows_of(self._get(of, _chunk(of, lane, kind, number)))

    def history(self, of: Import, lane: str, number: int) -> tuple[Activity, ...]:
        """Return the opens and clicks of a chunk of `Kind.HISTORY`."""
        return activities_of(self._get(of, _chunk(of, lane, Kind.HISTORY, number)))

    def put_marks(self, of: Import, lane: str, chunk: int, data: bytes) -> None:
        """Keep what checking found of a chunk of the lane."""
        self._put(of, _chunk(of, lane, "m", chunk), data)

    def marks(self, of: Import, lane: str, chunk: int) -> bytes | None:
        """Return what was kept of a chunk of the lane; None before."""
        return self._found(of, _chunk(of, lane, "m", chunk))

    def put_rules(self, of: Import, rules: Rules) -> None:
        """Keep the country table that preview and run judge by."""
        self._put(of, _rules(of), orjson.dumps(rules_document(rules)))

    def rules(self, of: Import) -> Rules:
        """Return that table."""
        return load_rules(orjson.loads(self._get(of, _rules(of))))

    def put_document(self, sha256: str, data: bytes) -> None:
        """Keep a document of a statement, by its hash."""
        self._blobs.put_new(f"{DOCUMENTS}{sha256}", data, _SEALED)

    def put_rejected(self, of: Import, number: int, data: bytes) -> None:
        """Keep a part, from 0 on, of the CSV of rejected rows."""
        self._blobs.put(_report(of, number), data, MEDIA_TYPE)

    def rejected(self, of: Import) -> Iterator[bytes]:
        """Yield the parts of that CSV in order; it ends early where they are gone."""
        for number in range(of.file.reports if of.file else 0):
            blob = self._blobs.get(_report(of, number))
            if blob is None:
                return
            yield blob.data

    def destroy_attempts(self, of: Import, attempts: Iterable[int]) -> None:
        """Destroy the rows that earlier attempts of reading left."""
        for attempt in attempts:
            self._blobs.delete_all(f"{IMPORTS}{of.id}/{attempt}/")

    def destroy_parts(self, of: Import) -> None:
        """Destroy the parts of the file."""
        self._blobs.delete_all(f"{IMPORTS}{of.id}/u/")

    def destroy(self, import_id: ImportId) -> None:
        """Destroy everything of the import but documents and reports."""
        self._blobs.delete_all(f"{IMPORTS}{import_id}/")

    def _of(self, of: Import) -> AESGCM:
        """Unwrapped for each object: so no process has the key of an import that ended."""
        if of.key is None:
            raise Halted(Problem.TOO_OLD)
        return AESGCM(self._wrapper.unwrap(decode_id(of.id), of.key))

    def _put(self, of: Import, key: str, data: bytes) -> None:
        nonce = self._random(NONCE_BYTES)
        sealed = self._of(of).encrypt(nonce, data, key.encode())
        self._blobs.put(key, _VERSION + nonce + sealed, _SEALED)

    def _get(self, of: Import, key: str) -> bytes:
        found = self._found(of, key)
        if found is None:
            raise Halted(Problem.PARTS_GONE)
        return found

    def _found(self, of: Import, key: str) -> bytes | None:
        cipher, blob = self._of(of), self._blobs.get(key)
        if blob is None:
            return None
        if not blob.data.startswith(_VERSION):
            raise EvidenceError("an object of an import is not sealed as this code seals")
        nonce, sealed = blob.data[len(_VERSION) : _HEAD_BYTES], blob.data[_HEAD_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, key.encode())
        except InvalidTag:
            raise EvidenceError("an object of an import was altered, or is another's") from None


def _part(of: Import, number: int) -> str:
    return f"{IMPORTS}{of.id}/u/{number:03d}"


def _chunk(of: Import, lane: str, kind: str, number: int) -> str:
    return f"{IMPORTS}{of.id}/{of.attempt}/{lane}/{kind}/{number}"


def _rules(of: Import) -> str:
    return f"{IMPORTS}{of.id}/rules/{of.judged_by.rules}"


def _report(of: Import, number: int) -> str:
    return f"{REPORTS}{of.id}/{of.attempt}-{number}.csv"

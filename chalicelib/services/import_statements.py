# SPDX-License-Identifier: Apache-2.0
"""What somebody answers for when an import runs, stored under its hash before anybody is written.

Guarantees that the statement is about the preview that was shown: its basis, documents, country
table and numbers. Refuses another basis, and a table that changed since.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from hashlib import sha256
from typing import Final

from chalicelib.domain.country_rules import rules_document
from chalicelib.domain.import_statement import (
    Statement,
    require_stated_by,
    statement_document,
)
from chalicelib.domain.import_verdicts import Verdict
from chalicelib.domain.imports import Happening, Import
from chalicelib.errors import Conflict, InputError
from chalicelib.ports.import_rows import ImportRows
from chalicelib.ports.keys import AddressMac
from chalicelib.ports.outside import Blobs
from chalicelib.ports.system import Clock
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.import_rules import JSON, RULES_FOLDER
from chalicelib.services.import_stages import ImportStages, rules_digest
from chalicelib.services.ledger import Ledger

FOLDER: Final = "imported/"
"""Where statements are kept, by their hash; nobody of a file is in them."""
_MOVED: Final = "The country rules changed since the preview. It is made again: look at it first."
_OTHER_BASIS: Final = (
    "The preview was made for another basis, or another time since when the objection is offered."
    " State the same, or change it for the import and look at the new preview."
)


class ImportStatements:
    """Statements of imports."""

    def __init__(
        self,
        *,
        rows: ImportRows,
        stages: ImportStages,
        ledger: Ledger,
        macs: AddressMac,
        blobs: Blobs,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._stages = stages
        self._ledger = ledger
        self._macs = macs
        self._blobs = blobs
        self._clock = clock

    def file_mac(self, file_sha256: str) -> str:
        """Return the keyed MAC of a file's SHA-256 (hex).

        The bare hash of a file with one row is a hash of a person, which anybody can guess. No
        address begins with NUL, so that no MAC of a file is one of an address.
        """
        return self._macs.mac(f"\0import-file\0{file_sha256.lower()}")

    def stated(self, record: Import, moved: Import, statement: Statement | None, by: str) -> Import:
        """Return the import, moved to its run, with the statement it runs on; that is stored.

        Args:
            record: as its preview was made.
            moved: the same after somebody asked for the run.
            by: id of the key that asks.

        Raises:
            InputError: ``bad_statement``.
            Conflict: the basis is another than the preview's, or the country rules changed since.
        """
        if statement is None:
            raise InputError(
                "bad_statement", "Somebody must answer for the import. Nothing was imported."
            )
        judged_by, now_ms = record.judged_by, self._clock.now_ms()
        require_stated_by(statement, now_ms)
        if (statement.basis, statement.objection_at_ms) != (
            judged_by.basis,
            judged_by.objection_at_ms,
        ):
            raise Conflict(_OTHER_BASIS)
        rules = self._rows.country_rules(record.target.brand).rules
        if rules_digest(rules) != judged_by.rules:
            self._stages.anew(record.moved(Happening.REJUDGED, now_ms))
            raise Conflict(_MOVED)
        # So that what the statement names can be read in years: the shipped table, too.
        table = canonical.encode(rules_document(rules))
        self._put(f"{RULES_FOLDER}{judged_by.rules}", table)
        document = self._document(record, statement, by)
        stated = sha256(document).hexdigest()
        self._put(f"{FOLDER}{stated}", document)
        return replace(moved, statement=stated, batch=self._ledger.new_event_id())

    def _document(self, record: Import, statement: Statement, by: str) -> bytes:
        whole = replace(
            statement,
            documents=record.judged_by.documents,
            country=statement.country or record.judged_by.country,
        )
        document = statement_document(
            whole,
            entered_by=by,
            file_mac=record.file.mac if record.file else "",
            rules_digest=record.judged_by.rules,
            counts=self._counts(record),
        )
        return canonical.encode(_json(document))

    def _counts(self, record: Import) -> dict[str, dict[str, int]]:
        """What the preview showed: country → why → people."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for lane in self._rows.lanes(record.id, record.check_round).values():
            for name, count in lane.counts.items():
                country, _, rest = name.partition(":")
                verdict, _, why = rest.partition(":")
                if why and verdict in set(Verdict):
                    found[country][why] += count
        return {country: dict(by_why) for country, by_why in found.items()}

    def _put(self, name: str, data: bytes) -> None:
        self._blobs.put_new(f"{name}.json", data, JSON)


def _json(value: dict[str, object]) -> JsonValue:
    """What was made of text, whole numbers, truths and lists of them alone."""
    return value  # type: ignore[return-value]

# SPDX-License-Identifier: Apache-2.0
"""`ports.mails.MailStore` in memory, over the rows of the ledger's fake."""

from chalicelib.domain.ids import SubjectId
from chalicelib.ports.mails import StoredMail
from tests.support.faults import Faults, Struck, no_faults
from tests.support.memory_ledger import MemoryRows


class MemoryMailStore:
    """Confirmation mails beside their chain."""

    def __init__(self, rows: MemoryRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else MemoryRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[MemoryRows]:
        return Struck(self.faults, name, self.rows)

    def put(self, sid: SubjectId, request: int, sealed: bytes) -> None:
        with self._call("MailStore.put") as rows:
            rows.mails[sid, request] = sealed

    def answer(self, sid: SubjectId, request: int, sealed: bytes, rank: int, at_ms: int) -> bool:
        with self._call("MailStore.answer") as rows:
            held = rows.answers.get((sid, request))
            if held is not None and held[:2] >= (rank, at_ms):
                return False
            rows.answers[sid, request] = (rank, at_ms, sealed)
            return True

    def read(self, sid: SubjectId) -> tuple[StoredMail, ...]:
        with self._call("MailStore.read") as rows:
            requests = {n for owner, n in (*rows.mails, *rows.answers) if owner == sid}
            return tuple(
                StoredMail(
                    request=n,
                    sealed=rows.mails.get((sid, n)),
                    answer=rows.answers.get((sid, n), (0, 0, None))[2],
                )
                for n in sorted(requests)
            )

# SPDX-License-Identifier: Apache-2.0
"""`ports.mail_domains.MailDomainRows` in memory."""

from chalicelib.ports.mail_domains import MailDomainRow
from tests.support.memory_outside import OutsideStore


class MemoryMailDomainRows(OutsideStore):
    """Answers of DNS over shared rows; nothing is removed when its time is over, as in a TTL."""

    def read(self, name: str) -> MailDomainRow | None:
        """Return what is kept."""
        with self._call("MailDomainRows.read") as rows:
            return rows.mail_domains.get(name)

    def put(self, name: str, row: MailDomainRow) -> None:
        """Keep an answer."""
        with self._call("MailDomainRows.put") as rows:
            rows.mail_domains[name] = row

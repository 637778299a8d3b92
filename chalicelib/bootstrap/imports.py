# SPDX-License-Identifier: Apache-2.0
"""Imports: their stores, and the services that read, check and write them.

Guarantees, as all of bootstrap, that each part is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.accounts import AccountServices

if TYPE_CHECKING:
    from chalicelib.ports.import_rows import ImportFiles, ImportRows
    from chalicelib.ports.imports import ImportReader
    from chalicelib.ports.ledger_groups import GroupStore
    from chalicelib.services.import_desk import ImportDesk
    from chalicelib.services.import_report import ImportReport
    from chalicelib.services.import_rules import ImportRules
    from chalicelib.services.import_stages import ImportStages
    from chalicelib.services.import_statements import ImportStatements
    from chalicelib.services.import_work import ImportWork
    from chalicelib.services.mail_domains import ManyMailDomains

# ruff: noqa: PLC0415  # few requests are about imports


class ImportServices(AccountServices):
    """What takes in the list of another tool."""

    @cached_property
    def group_store(self) -> "GroupStore":
        """Chains and lookups by the dozen."""
        from chalicelib.adapters.dynamo.ledger_groups import DynamoGroupStore

        return DynamoGroupStore(
            ledger_table=self.settings.ledger_table,
            vault_table=self.settings.vault_table,
            audience_table=self.settings.audience_table,
            campaigns_table=self.settings.campaigns_table,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def import_rows(self) -> "ImportRows":
        """Records and lanes of imports."""
        from chalicelib.adapters.dynamo.imports import DynamoImportRows

        return DynamoImportRows(self.settings.campaigns_table, self.clock, self.random)

    @cached_property
    def import_files(self) -> "ImportFiles":
        """Files of imports."""
        from chalicelib.adapters.import_files import SealedImportFiles

        return SealedImportFiles(blobs=self.blobs, wrapper=self.wrapper, random=self.random)

    @cached_property
    def import_reader(self) -> "ImportReader":
        """Makes tables of files."""
        from chalicelib.adapters.import_reader import FileReader

        return FileReader()

    @cached_property
    def import_stages(self) -> "ImportStages":
        """Moves imports on."""
        from chalicelib.services.import_stages import ImportStages

        return ImportStages(
            rows=self.import_rows,
            files=self.import_files,
            fence=self.export_fence,
            queues=self.queues,
            ledger=self.ledger,
            clock=self.clock,
        )

    @cached_property
    def import_statements(self) -> "ImportStatements":
        """What somebody answers for."""
        from chalicelib.services.import_statements import ImportStatements

        return ImportStatements(
            rows=self.import_rows,
            stages=self.import_stages,
            ledger=self.ledger,
            macs=self.address_mac,
            blobs=self.blobs,
            clock=self.clock,
        )

    @cached_property
    def import_desk(self) -> "ImportDesk":
        """Imports as people ask for them."""
        from chalicelib.services.import_desk import ImportDesk

        return ImportDesk(
            rows=self.import_rows,
            files=self.import_files,
            stages=self.import_stages,
            statements=self.import_statements,
            brands=self.brands,
            lists=self.lists,
            fence=self.export_fence,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def import_rules(self) -> "ImportRules":
        """Country tables."""
        from chalicelib.services.import_rules import ImportRules

        return ImportRules(
            brands=self.brands, rows=self.import_rows, ledger=self.ledger, blobs=self.blobs
        )

    @cached_property
    def import_report(self) -> "ImportReport":
        """Tells what imports come to."""
        from chalicelib.services.import_report import ImportReport

        return ImportReport(
            stages=self.import_stages, rows=self.import_rows, files=self.import_files
        )

    @cached_property
    def many_mail_domains(self) -> "ManyMailDomains":
        """Whether mail arrives at the domains of a file."""
        from chalicelib.services.mail_domains import ManyMailDomains

        return ManyMailDomains(dns=self.dns, clock=self.clock)

    @cached_property
    def import_work(self) -> "ImportWork":
        """Reads, checks and writes."""
        from chalicelib.services.import_checking import ImportChecking
        from chalicelib.services.import_reading import ImportReading
        from chalicelib.services.import_running import ImportRunning
        from chalicelib.services.import_work import ImportWork

        return ImportWork(
            stages=self.import_stages,
            reading=ImportReading(
                rows=self.import_rows,
                files=self.import_files,
                stages=self.import_stages,
                statements=self.import_statements,
                reader=self.import_reader,
                clock=self.clock,
            ),
            checking=ImportChecking(
                stages=self.import_stages,
                rows=self.import_rows,
                files=self.import_files,
                store=self.group_store,
                index=self.suppression_index,
                ledger=self.ledger,
                mail_domains=self.many_mail_domains,
                clock=self.clock,
            ),
            running=ImportRunning(
                stages=self.import_stages,
                rows=self.import_rows,
                files=self.import_files,
                store=self.group_store,
                index=self.suppression_index,
                ledger=self.ledger,
                suppressor=self.suppressor,
                mail_domains=self.many_mail_domains,
                brands=self.brands,
                blobs=self.blobs,
                clock=self.clock,
            ),
            queues=self.queues,
        )

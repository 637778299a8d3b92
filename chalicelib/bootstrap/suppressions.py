# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions, in and out.

Guarantees, as all of bootstrap, that each part is made at its first use.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.imports import ImportServices

if TYPE_CHECKING:
    from chalicelib.services.suppression_exports import SuppressionExports
    from chalicelib.services.suppression_imports import SuppressionImports

# ruff: noqa: PLC0415  # few requests are about files of suppressions


class SuppressionFileServices(ImportServices):
    """Brings whole lists of suppressions in, and gives them out."""

    @cached_property
    def suppression_imports(self) -> "SuppressionImports":
        """Files brought in."""
        from chalicelib.services.suppression_imports import SuppressionImports
        from chalicelib.services.suppression_matches import SuppressionMatches

        return SuppressionImports(
            ledger=self.ledger,
            suppressor=self.suppressor,
            suppressions=self.suppressions,
            matches=SuppressionMatches(
                audience=self.audience, ledger=self.ledger, suppressor=self.suppressor
            ),
            index=self.suppression_index,
            reader=self.import_reader,
            account_list=self.account_list_sync,
            wrapper=self.wrapper,
            blobs=self.blobs,
            jobs=self.jobs,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def suppression_exports(self) -> "SuppressionExports":
        """Files given out."""
        from chalicelib.services.suppression_export_parts import SuppressionWriter
        from chalicelib.services.suppression_exports import SuppressionExports

        return SuppressionExports(
            writer=SuppressionWriter(
                index=self.suppression_index,
                groups=self.group_store,
                store=self.store,
                audience=self.audience,
                ledger=self.ledger,
            ),
            ledger=self.ledger,
            ports=self.export_ports,
        )

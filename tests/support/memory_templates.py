# SPDX-License-Identifier: Apache-2.0
"""Templates in memory, over the same rows as the rest of the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.templates import Template
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from tests.support.faults import Faults, no_faults, struck
from tests.support.memory_catalog import CatalogRows


class MemoryTemplates:
    """`ports.templates.TemplateStore` in memory."""

    def __init__(self, rows: CatalogRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else CatalogRows()
        self.faults = faults

    @contextmanager
    def _call(self, name: str) -> Iterator[dict[str, Template]]:
        with struck(self.faults, f"TemplateStore.{name}"), self.rows.lock:
            yield self.rows.templates

    def get(self, template_id: str) -> Template | None:
        with self._call("get") as rows:
            return rows.get(template_id)

    def create(self, template: Template) -> None:
        with self._call("create") as rows:
            _require_version(rows.get(template.id), 0)
            rows[template.id] = template

    def replace(self, template: Template) -> None:
        with self._call("replace") as rows:
            _require_version(rows.get(template.id), template.version - 1)
            rows[template.id] = template

    def delete(self, template: Template) -> None:
        with self._call("delete") as rows:
            _require_version(rows.get(template.id), template.version)
            del rows[template.id]

    def page(self, cursor: str | None, limit: int) -> Page[Template]:
        with self._call("page") as rows:
            after = "" if cursor is None else read_cursor("TEMPLATE", cursor)
            later = sorted(each for each in rows if each > after)
            shown = later[:limit]
            return Page(
                items=tuple(rows[each] for each in shown),
                cursor=make_cursor("TEMPLATE", shown[-1]) if len(later) > limit else None,
            )


def _require_version(stored: Template | None, version: int) -> None:
    if (stored.version if stored else 0) != version:
        raise Conflict("somebody else changed it first")

# SPDX-License-Identifier: Apache-2.0
"""What the local stack's DNS lets tests and people set: the records of a name.

It guarantees that every control answers with all that was planted. It refuses callers that are not
on this machine, and bodies that are not JSON, so that no web page can reach it.

| route | body | does |
|---|---|---|
| GET /local/dns | | what was planted |
| PUT /local/dns | name, type, values | gives a name these records of a type; `[]` none, `null` as at the start |
"""

# ruff: noqa: E501 - the table of routes

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local.dns_zone import Zone
from infra.local.http_server import Answer, Request
from infra.local.ses_controls import RefusedError, controlled


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsControls:
    """The control route of a zone."""

    zone: Zone

    def respond(self, request: Request) -> Answer:
        """Answer one control request."""

        def act(body: dict[str, Any]) -> dict[str, Any]:
            if request.method == "PUT":
                values = body["values"]
                known = values is None or (
                    isinstance(values, list) and all(isinstance(each, str) for each in values)
                )
                if not known:
                    raise RefusedError("values are texts in a list, or null")
                plant = None if values is None else tuple(values)
                self.zone.plant(str(body["name"]), str(body["type"]), plant)
            elif request.method != "GET":
                raise RefusedError(f"there is no {request.method} of it")
            return {"records": self.zone.planted()}

        return controlled(request, act)

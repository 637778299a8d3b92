# SPDX-License-Identifier: Apache-2.0
"""Imports in a world: asked for, sent, previewed, and what became of people by them."""

from collections.abc import Mapping
from typing import Any

import orjson

from chalicelib.domain.ids import SubjectId
from chalicelib.domain.import_statement import Basis, Source, Statement
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.imports import Import
from chalicelib.services.import_desk import ImportDesk
from tests.support.world import World

FILE = (
    b"email,status,country,optin_time,optin_ip\n"
    b"mailed@example.org,subscribed,SE,2024-01-02T03:04:05Z,192.0.2.1\n"
    b"waits@example.org,subscribed,DE,2024-01-02T03:04:05Z,192.0.2.1\n"
    b"left@example.org,unsubscribed,SE,2024-01-02T03:04:05Z,192.0.2.1\n"
)
STATEMENT = Statement(
    source=Source.EARLIER_TOOL,
    basis=Basis.CONSENT,
    name="Officer",
    position="Data protection",
    confirmed=True,
)
WORDING = b"Yes, send me the newsletter."


def new(desk: ImportDesk, **said: Any) -> Import:
    return desk.new(NewImport(brand="demo", list="newsletter", **said), "key")


def uploaded(desk: ImportDesk, data: bytes = FILE, **said: Any) -> Import:
    record = new(desk, **said)
    desk.put_part(record.id, 1, data)
    return desk.uploaded(record.id, 1)


def previewed(world: World, **said: Any) -> Import:
    record = uploaded(world.import_desk, **said)
    world.settle()
    return world.import_desk.get(record.id)


def files_of(world: World, record: Import) -> list[str]:
    """Keys of the objects of an import."""
    return [key for key in world.outside_rows.blobs if key.startswith(f"imports/{record.id}/")]


def sid_of(world: World, email: str) -> SubjectId | None:
    return world.rows.lookups.get(world.ledger.mac(email))


def types_of(world: World, email: str) -> list[str]:
    sid = sid_of(world, email)
    return [] if sid is None else world.types(sid)


def batches(world: World) -> list[Mapping[str, Any]]:
    """The entries of the log that commit to statements, in order."""
    tree = world.published_log.tree()
    leaves = map(orjson.loads, tree.leaves(0) if tree else ())
    return [each for each in leaves if each["typ"] == "import.batch"]

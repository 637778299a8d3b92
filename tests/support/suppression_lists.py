# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions on the product in memory, and what they left behind."""

import csv
import io
from hashlib import sha256
from typing import Any

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import EMAIL as BY_MAIL
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId, ListId, SubjectId
from chalicelib.domain.reach import Reach
from chalicelib.domain.suppression_files import ExportForm, FileWish, digest_name
from chalicelib.services.suppression_digests import waiting
from chalicelib.services.suppression_import_jobs import SuppressionImport
from tests.support.world import World

KNOWN, STRANGER, OTHER = "known@example.org", "stranger@example.net", "other@example.net"
DEMO, NEWSLETTER = BrandId("demo"), ListId("newsletter")
TO_NEWSLETTER = Reach(DEMO, BY_MAIL, NEWSLETTER)
BOUNCE = FileWish(reason=SuppressionReason.BOUNCE)
MOST_BYTES = 1 << 22
Held = list[tuple[Reach, str]]


def digest(address: str) -> str:
    """Its SHA-256, as other tools give it."""
    return sha256(address.encode()).hexdigest()


def brought(
    world: World, data: str | bytes, wish: FileWish | None = None, **more: Any
) -> SuppressionImport:
    """A file brought in and worked through."""
    data = data if isinstance(data, bytes) else data.encode()
    made = world.suppression_imports.ask(data, wish or FileWish(), **more)
    world.settle()
    return world.suppression_imports.get(made.id)


def reaches(world: World, address: str) -> Held:
    """What the address itself is suppressed for, row by row."""
    known = world.ledger.lookup(world.ledger.mac(parse_address(address).normal))
    return [(row.reach, row.reason) for row in known.suppressions]


def by_digest(world: World, address: str) -> Held:
    """What waits for the address under its digest."""
    mac = world.ledger.mac(digest_name(digest(address)))
    rows = waiting(world.ledger.lookup(mac).suppressions)
    return [(row.reach, row.reason) for row in rows]


def held(world: World, sid: SubjectId) -> Held:
    """What somebody's state says."""
    return [(x.reach, x.reason) for x in world.state(sid).suppressions]


def given_out(world: World, form: ExportForm = ExportForm.PLAIN) -> list[dict[str, str]]:
    """The rows of an export, by the names of its columns."""
    made = world.suppression_exports.ask(form)
    world.settle()
    data = world.suppression_exports.file(made.id, MOST_BYTES) or b""
    return list(csv.DictReader(io.StringIO(data.decode())))


def whole(world: World) -> bool:
    """Whether everything stored agrees."""
    world.settle()
    return {area.name: area.difference for area in world.fsck.run() if area.difference} == {}

# SPDX-License-Identifier: Apache-2.0
"""Stores for an import of any size: they count what is written of people and keep none of it.

It guarantees that lanes stand where they were left, and that objects lie in a folder and not in
memory: what grows with the rows is then the product's own.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chalicelib.domain.ids import SubjectId
from chalicelib.errors import Conflict, FatalError, NotFound
from chalicelib.ports.ledger import Loaded, Lookup
from chalicelib.ports.ledger_groups import Group, actions_of
from chalicelib.ports.outside import Blob


class CountingGroups:
    """`ports.ledger_groups.GroupStore` to which everybody is a stranger.

    Args:
        lanes: the store that keeps the places of lanes.
    """

    def __init__(self, lanes: Any) -> None:
        self._lanes = lanes
        self.people = self.entries = self.transactions = self.steps = self.actions = 0

    def lookup_many(self, macs: Sequence[str]) -> dict[str, Lookup]:
        """Nobody is known."""
        return {mac: Lookup(sid=None, suppressions=()) for mac in macs}

    def load_many(self, sids: Sequence[SubjectId]) -> dict[SubjectId, Loaded]:
        """Nobody can be loaded."""
        raise FatalError(f"{len(sids)} strangers were loaded")

    def commit_group(self, group: Group) -> None:
        """Count the group and move its lane; raises as the port says where a lane is elsewhere."""
        self._lanes.commit_group(Group(appends=(), step=group.step))
        self.steps += 1
        if group.appends:
            self.transactions += 1
        for append in group.appends:
            self.people += 1
            self.entries += len(append.entries)
            self.actions += actions_of(append)


class NoIndex:
    """`ports.hygiene.SuppressionIndex` that forgets at once."""

    def note(self, mac: str) -> None:
        """Nothing is kept."""
        del mac

    def has_digests(self) -> bool:
        """No suppression came as a digest."""
        return False


class FolderBlobs:
    """`ports.outside.Blobs` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.puts = 0

    def get(self, key: str) -> Blob | None:
        """Return the object, or None."""
        path = self._folder / key
        if not path.is_file():
            return None
        data = path.read_bytes()
        return Blob(data=data, etag=_tag(data))

    def get_range(self, key: str, first: int, last: int) -> bytes:
        """Return a part of the object."""
        blob = self.get(key)
        if blob is None:
            raise NotFound("there is no such object")
        return blob.data[first : last + 1]

    def put_new(self, key: str, data: bytes, content_type: str) -> bool:
        """Create an object; False when there is one."""
        if (self._folder / key).is_file():
            return False
        self.put(key, data, content_type)
        return True

    def put(self, key: str, data: bytes, content_type: str, if_match: str | None = None) -> None:
        """Write an object."""
        del content_type
        held = self.get(key) if if_match is not None else None
        if if_match is not None and (held is None or held.etag != if_match):
            raise Conflict("the object is another")
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.puts += 1

    def size(self, key: str) -> int | None:
        """Return how long an object is, or None."""
        path = self._folder / key
        return path.stat().st_size if path.is_file() else None

    def address(self, key: str, lasts_s: int) -> str:
        """Nobody fetches anything here."""
        raise FatalError(f"an address of {key} for {lasts_s} s")

    def delete(self, key: str) -> None:
        """Remove an object."""
        (self._folder / key).unlink(missing_ok=True)

    def delete_all(self, prefix: str) -> int:
        """Remove a folder."""
        folder = self._folder / prefix
        found = sum(path.is_file() for path in folder.rglob("*")) if folder.is_dir() else 0
        shutil.rmtree(folder, ignore_errors=True)
        return found


def _tag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()

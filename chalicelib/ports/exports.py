# SPDX-License-Identifier: Apache-2.0
"""What an export of addresses needs beyond blobs: a fence before erasures, and files in parts.

Errors of every call: `Throttled`, `Unavailable`.
"""

from collections.abc import Sequence
from typing import Final, Protocol

FOLDER: Final = "exports/"
"""Where files of exports are kept; an erasure destroys all below it."""
IMPORTS: Final = "imports/"
"""Where files of imports are kept, likewise."""


class ExportFence(Protocol):
    """Tells exports made, and imports begun, before an erasure from later ones.

    Every erasure moves it, before it destroys files. So where it stands as it stood before anybody
    was opened for an export, or a file of an import was taken, nobody in it was erased since; but
    for people who never confirmed, whose erasures by the calendar end no import.
    """

    def place(self) -> str:
        """Return where it stands for exports, read strongly; "" when nobody was ever erased."""
        ...

    def place_of_imports(self) -> str:
        """Return where it stands for imports, read strongly: `move_exports` moves it not."""
        ...

    def move(self) -> None:
        """Put it where it never stood before."""
        ...

    def move_exports(self) -> None:
        """Put it where it never stood before, for exports alone."""
        ...


class Uploads(Protocol):
    """Objects of any size, made of parts; nobody can read one before it is complete.

    One that is never completed is destroyed by the bucket's own rules, within two days.
    """

    def begin(self, key: str, content_type: str) -> str:
        """Return the name of a new upload."""
        ...

    def part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Store a part, from 1 on, and return its tag, without spaces; a repeat replaces it.

        Args:
            data: at least 5 MiB, except in the last part; never empty.

        Raises:
            Conflict: the upload is completed or gone.

        """
        ...

    def complete(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Make the object of the parts with these tags, in this order; a repeat changes nothing.

        Raises:
            Conflict: the upload is gone, or completed before, or a part is another by now.

        """
        ...

    def abandon(self, key: str, upload: str) -> None:
        """Destroy what was stored of an upload; one completed or gone is left as it is."""
        ...

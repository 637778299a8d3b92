# SPDX-License-Identifier: Apache-2.0
"""The fence of exports and files in parts, in memory."""

from collections.abc import Sequence
from hashlib import sha256

from chalicelib.errors import Conflict, FatalError
from tests.support.memory_outside import OutsideStore, keep_blob


class MemoryExportFence(OutsideStore):
    """`ports.exports.ExportFence` in memory."""

    def place(self) -> str:
        with self._call("ExportFence.place") as rows:
            apart = f".{rows.fence_moves_of_exports}" if rows.fence_moves_of_exports else ""
            return str(rows.fence_moves or "") + apart

    def place_of_imports(self) -> str:
        with self._call("ExportFence.place_of_imports") as rows:
            return str(rows.fence_moves or "")

    def move(self) -> None:
        with self._call("ExportFence.move") as rows:
            rows.fence_moves += 1

    def move_exports(self) -> None:
        with self._call("ExportFence.move_exports") as rows:
            rows.fence_moves_of_exports += 1


class MemoryUploads(OutsideStore):
    """`ports.exports.Uploads` in memory, beside the blobs of the same rows."""

    def begin(self, key: str, content_type: str) -> str:
        with self._call("Uploads.begin") as rows:
            rows.uploads_begun += 1
            upload = f"upload-{rows.uploads_begun}"
            rows.uploads[key, upload] = (content_type, {})
            return upload

    def part(self, key: str, upload: str, number: int, data: bytes) -> str:
        with self._call("Uploads.part") as rows:
            if (key, upload) not in rows.uploads:
                raise Conflict("store a part: the upload is gone")
            if not data:
                raise FatalError("a part is never empty")
            rows.uploads[key, upload][1][number] = bytes(data)
            return _tag(data)

    def complete(self, key: str, upload: str, tags: Sequence[str]) -> None:
        with self._call("Uploads.complete") as rows:
            content_type, parts = rows.uploads.get((key, upload), ("", {}))
            named = [parts.get(number) for number, _ in enumerate(tags, 1)]
            whole = [data for data in named if data is not None]
            if not content_type or [_tag(data) for data in whole] != list(tags):
                raise Conflict("complete an upload: it is not there any more")
            keep_blob(rows, key, b"".join(whole), content_type)
            del rows.uploads[key, upload]

    def abandon(self, key: str, upload: str) -> None:
        with self._call("Uploads.abandon") as rows:
            rows.uploads.pop((key, upload), None)


def _tag(data: bytes) -> str:
    return sha256(data).hexdigest()

# SPDX-License-Identifier: Apache-2.0
"""Finished bundles of a `World`, and a log of any length made of filler around its people."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.ports.ledger import Head
from chalicelib.ports.outside import Blob
from chalicelib.proof.checkpoint import Checkpoint, sign_checkpoint
from chalicelib.proof.tiles import grow, load_right_edge
from chalicelib.services.proofs import Wish
from chalicelib.services.sequencing import CHECKPOINT, PREFIX, CheckpointSigner, tile_reader
from tests.support.world import ORIGIN, World


def files_of(bundle: bytes) -> dict[str, bytes]:
    """The files of a finished bundle by name."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def export(world: World, selector: Mapping[str, str], wish: Wish | None = None) -> bytes:
    """Ask for a bundle, let the workers work, and return it."""
    job = world.proofs.request(selector, wish or Wish())
    world.settle()
    return world.proofs.bundle(job.id)


def bundle_files(
    world: World, selector: Mapping[str, str], wish: Wish | None = None
) -> dict[str, bytes]:
    """The files of a bundle asked for now."""
    return files_of(export(world, selector, wish))


def json_of(files: Mapping[str, bytes], name: str) -> Any:
    """One of them, read."""
    return json.loads(files[name])


def lengthen(world: World, count: int) -> None:
    """Let ``count`` entries of nobody stand in the world's log next, published and signed."""
    world.sequencer.run()
    head = world.heads.read()
    assert head is not None
    edge = load_right_edge(head.size, head.root, tile_reader(world.blobs))
    grown = grow(edge, [b"filler"] * count)
    for path, data in grown.objects:
        world.outside_rows.blobs[PREFIX + path] = Blob(data=data, etag="")
    signer = CheckpointSigner(name=ORIGIN, key=world.log_signer)
    checkpoint = Checkpoint(origin=ORIGIN, size=grown.new_size, root=grown.new_root)
    note = sign_checkpoint(checkpoint, [signer])
    world.blobs.put(CHECKPOINT, note, "text/plain")
    world.heads.swap(
        head, Head(size=grown.new_size, root=grown.new_root, checkpoint=note, staged=None)
    )


@dataclass(slots=True, kw_only=True)
class Reads:
    """Objects read from a world's store, and how many bytes they had."""

    keys: list[str] = field(default_factory=list)
    total_bytes: int = 0

    def starting(self, *prefixes: str) -> list[str]:
        """Those under some prefixes, in order."""
        return [key for key in self.keys if key.startswith(prefixes)]


def watch(world: World) -> Reads:
    """Note every object read from now on."""
    reads, get, get_range = Reads(), world.blobs.get, world.blobs.get_range

    def noted_get(key: str) -> Blob | None:
        blob = get(key)
        reads.keys.append(key)
        reads.total_bytes += len(blob.data) if blob else 0
        return blob

    def noted_range(key: str, first: int, last: int) -> bytes:
        data = get_range(key, first, last)
        reads.keys.append(key)
        reads.total_bytes += len(data)
        return data

    world.__dict__["blobs"].get = noted_get
    world.__dict__["blobs"].get_range = noted_range
    return reads

# SPDX-License-Identifier: Apache-2.0
"""Asks aics-tlog, in the Python 3.12 that it needs: questions on stdin, one JSON line each.

A question is a list: `note`, verifier key, note; `inclusion`, leaf, index, size, path, root; or
`consistency`, old size, new size, old root, new root, path; bytes in base64. Answers `true` or
`false`.
"""

import base64
import json
import sys
from typing import Any

import aics_tlog


def answer(question: list[Any]) -> bool:
    kind, *rest = question
    if kind == "note":
        key, note = rest
        parsed = aics_tlog.parse_note(base64.b64decode(note).decode())
        return aics_tlog.verify_note(parsed, [aics_tlog.parse_vkey(key)])
    if kind == "inclusion":
        leaf, index, size, path, root = rest
        hashes = [base64.b64decode(item) for item in path]
        raw = base64.b64decode(leaf)
        return aics_tlog.verify_leaf_inclusion(raw, index, size, hashes, base64.b64decode(root))
    old, new, old_root, new_root, path = rest
    hashes = [base64.b64decode(item) for item in path]
    roots = base64.b64decode(old_root), base64.b64decode(new_root)
    return aics_tlog.verify_consistency(old, new, *roots, hashes)


def main() -> None:
    for line in sys.stdin:
        try:
            held = answer(json.loads(line))
        except (ValueError, TypeError):
            held = False
        print(json.dumps(bool(held)), flush=True)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Write into tools/verify_proof.html the hashes of its own style and script.

Guarantees a page whose content security policy admits exactly the style and the script that stand
in it. With `--check` nothing is written, and the exit status is 1 when the hashes are not true.

Source: Content Security Policy Level 3, §2.3.1 (hash-source).
"""

import argparse
import base64
import hashlib
import re
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("verify_proof.html")


def with_hashes(page: str) -> str:
    """The page with true hashes; it has exactly one style and one script element."""
    for element in ("script", "style"):
        inside = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        if len(inside) != 1:
            raise ValueError(f"the page has {len(inside)} elements {element}, not one")
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        page = re.sub(rf"{element}-src 'sha256-[^']*'", f"{element}-src 'sha256-{digest}'", page)
    return page


def main() -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    options = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    after = with_hashes(before)
    if options.check:
        if before != after:
            print(f"{PAGE.name} does not name its own hashes: run tools/make_page_hashes.py")
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""README.txt: what is in a bundle and how to verify it, with our tools and with none of ours.

Guarantees that the commands are the same in every language, and that they run as they stand.
"""

from typing import Final

from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.evidence import Evidence
from chalicelib.proof.report.html import visible
from chalicelib.proof.words import TABLES

_FILES: Final = (
    "manifest.json",
    "policy.txt",
    "checkpoint.note",
    "chain.json",
    "events/",
    "mails/",
    "notices/",
    "privacy/",
    "campaigns/",
    "deliveries.json",
    "anchors/",
    "record.jsonld",
    "receipt.jsonld",
    "report.html",
    "export.*",
)
_PYTHON: Final = "    python verify_proof.py BUNDLE.zip --policy policy.txt"
_SIGNATURE: Final = """\
    head -n 3 checkpoint.note > text
    KEY=$(grep '^log ' policy.txt | head -n 1 | cut -d ' ' -f 2 | cut -d + -f 3-)
    { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
      echo "$KEY" | base64 -d | tail -c 32; } > key.der
    ORIGIN=$(head -n 1 checkpoint.note)
    grep -F "$(printf '\\342\\200\\224') $ORIGIN " checkpoint.note | head -n 1 |
      sed 's/.* //' | base64 -d | tail -c 64 > sig
    openssl pkeyutl -verify -pubin -inkey key.der -keyform DER -rawin -in text -sigfile sig"""
_DIGEST: Final = "    openssl dgst -sha256 manifest.json report.html"
_LEAF: Final = (
    "    { printf '\\000'; cat events/0.leaf.json; } | openssl dgst -sha256 -binary | base64"
)
_STAMP: Final = """\
    SIZE=17
    openssl ts -reply -in anchors/$SIZE.tsr -text
    openssl ts -verify -in anchors/$SIZE.tsr -data anchors/$SIZE.note \\
      -CAfile roots.pem -untrusted anchors/tsa.pem"""


def limits(language: str) -> tuple[str, ...]:
    """What a bundle cannot prove, one sentence each, in one of `LANGUAGES`."""
    words = TABLES[language]
    return tuple(words[key] for key in sorted(words) if key.startswith("limit."))


def readme(evidence: Evidence) -> bytes:
    """README.txt in the bundle's language."""
    words = TABLES[evidence.language]
    width = max(len(name) for name in _FILES) + 2
    about = {
        "readme.title": evidence.bundle_id,
        "head.about": evidence.subject or words["head.erased"],
        "head.controller": evidence.controller,
        "head.log": Checkpoint.of_note(evidence.checkpoint).origin,
    }
    parts = (
        "\n".join(
            f"{words[key]}{words['sep.value']}{visible(value)}" for key, value in about.items()
        ),
        _titled(words["readme.inside"]),
        "\n".join(f"{name:<{width}}{words[f'readme.file.{name}']}" for name in _FILES),
        _titled(words["readme.verify"]),
        words["readme.get"],
        f"{words['readme.python']}\n{_PYTHON}\n{words['readme.verdicts']}",
        words["readme.browser"],
        _titled(words["readme.openssl"]),
        f"1. {words['readme.signature']}\n{_SIGNATURE}",
        f"2. {words['readme.files']}\n{_DIGEST}",
        f"3. {words['readme.leaf']}\n{_LEAF}",
        f"4. {words['readme.disclosure']}",
        f"5. {words['readme.stamp']}\n{_STAMP}",
        _titled(words["sec.limits"]),
        "\n".join(f"- {sentence}" for sentence in limits(evidence.language)),
    )
    return ("\n\n".join(parts) + "\n").encode()


def _titled(title: str) -> str:
    return f"{title}\n{'=' * len(title)}"

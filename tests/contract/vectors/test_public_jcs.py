# SPDX-License-Identifier: Apache-2.0
"""The RFC 8785 cases of cyberphone/json-canonicalization."""

import json
from pathlib import Path

import pytest
import rfc8785

from chalicelib.errors import Malformed
from chalicelib.proof import canonical

# These hold floats (56.0, 4.50, 1E30 and the like), which evidence never does: the decoder
# refuses them. The encoder underneath is still compared with the published bytes.
WITH_FLOATS = {"structures.json", "values.json"}
NAMES = (
    "arrays.json",
    "french.json",
    "structures.json",
    "unicode.json",
    "values.json",
    "weird.json",
)


def test_no_published_case_is_left_out(public_vectors: Path) -> None:
    folder = public_vectors / "cyberphone-jcs" / "testdata" / "input"
    assert {path.name for path in folder.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_published_input_has_its_published_canonical_form(public_vectors: Path, name: str) -> None:
    folder = public_vectors / "cyberphone-jcs" / "testdata"
    given, expected = (
        (folder / "input" / name).read_bytes(),
        (folder / "output" / name).read_bytes(),
    )
    assert (
        bytes.fromhex((folder / "outhex" / name).with_suffix(".txt").read_text(encoding="utf-8"))
        == expected
    )
    if name in WITH_FLOATS:
        with pytest.raises(Malformed):
            canonical.decode(given)
        assert rfc8785.dumps(json.loads(given)) == expected
    else:
        value = canonical.decode(given)
        assert canonical.encode(value) == expected
        assert canonical.decode(expected, require_canonical=True) == value

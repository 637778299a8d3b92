# SPDX-License-Identifier: Apache-2.0
"""Disclosures are digested as RFC 9901 shows, also ones that this project would not write."""

import json

from chalicelib.proof import base64url
from chalicelib.proof.disclosure import disclosure_digest


def test_the_published_disclosure_has_the_published_digest(public_vectors):
    document = json.loads((public_vectors / "derived" / "sd_jwt_disclosure.json").read_text())
    assert document["cases"]
    for case in document["cases"]:
        assert disclosure_digest(case["disclosure"]) == case["sha256_b64url"]
        assert json.loads(base64url.decode(case["disclosure"])) == case["contents"]

# SPDX-License-Identifier: Apache-2.0
"""Settings that cannot be used are refused in one sentence that names them."""

from dataclasses import replace

import pytest

from chalicelib.errors import FatalError
from tests.support.world import World

STAMPED = {"tsa_url": "https://tsa.example.org/stamp?x=1", "tsa_roots": "tsa-roots.pem"}


@pytest.fixture(scope="module")
def settings():
    return World().settings


@pytest.mark.parametrize(
    "change",
    [
        STAMPED,
        {**STAMPED, "tsa_url": "http://127.0.0.1:3180/"},
        {**STAMPED, "tsa_url": ""},
        {"tsa_url": "", "tsa_roots": ""},
    ],
)
def test_an_authority_is_an_https_address_with_roots_or_none(settings, change):
    assert replace(settings, **change).tsa_url == change["tsa_url"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tsa_roots": ""}, "KVITTO_TSA_ROOTS"),
        ({"tsa_url": "http://tsa.example.org/"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "tsa.example.org"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "https:///stamp"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "https://name:word@tsa.example.org/"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "https://tsa.example.org/#x"}, "KVITTO_TSA_URL"),
    ],
)
def test_an_authority_that_cannot_be_used_is_refused(settings, change, named):
    with pytest.raises(FatalError, match=named) as refused:
        replace(settings, **{**STAMPED, **change})
    assert "word" not in str(refused.value).replace("password", "")

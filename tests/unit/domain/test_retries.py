# SPDX-License-Identifier: Apache-2.0
import hashlib

import pytest

from chalicelib.domain.ids import CampaignId, decode_id
from chalicelib.domain.retries import retry_id
from chalicelib.errors import InputError

PARENT = CampaignId("AAAAAAAAAAAAAAAAAAAAAA")


def test_a_retry_has_one_id_and_a_retry_of_it_another():
    child = retry_id(PARENT)
    assert decode_id(child) == hashlib.sha256(bytes(16) + b"retry").digest()[:16]
    assert len({PARENT, child, retry_id(child)}) == 3
    with pytest.raises(InputError):
        retry_id(CampaignId("spring"))

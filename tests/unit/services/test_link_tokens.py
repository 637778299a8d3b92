# SPDX-License-Identifier: Apache-2.0
"""Link tokens under the keys that the keeper holds now."""

from chalicelib.proof.tokens import LinkPayload, LinkPurpose, link_text
from chalicelib.services.link_tokens import LinkTokens
from tests.support.memory_keys import MemoryLinkKeys

SHOWN = LinkPayload(sid=b"s" * 16, brand=b"b" * 4, delivery=b"d" * 12, campaign=b"c" * 16)


def test_a_click_head_and_a_number_are_a_click_token_before_and_after_a_rotation():
    keys = MemoryLinkKeys()
    tokens = LinkTokens(keys)
    before = tokens.click_head(SHOWN)
    keys.rotate()
    after = tokens.click_head(SHOWN)
    assert before != after
    for head in (before, after):
        read = tokens.read(LinkPurpose.CLICK, head + link_text(7))
        assert (read.campaign, read.link) == (SHOWN.campaign, 7)

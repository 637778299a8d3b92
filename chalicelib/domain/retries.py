# SPDX-License-Identifier: Apache-2.0
"""The campaign that sends again to whom another did not reach.

Guarantees that it has one id, so that it is made once however often it is asked for.
"""

from hashlib import sha256

from chalicelib.domain.ids import RANDOM_ID_BYTES, CampaignId, decode_id, encode_id


def retry_id(parent: CampaignId) -> CampaignId:
    """Return the id of the campaign that retries ``parent``, whether it exists or not.

    It is the first 16 bytes of SHA-256 over the parent's 16 bytes and ``retry``.

    Raises:
        InputError: ``parent`` is not an id.
    """
    digest = sha256(decode_id(parent) + b"retry").digest()
    return CampaignId(encode_id(digest[:RANDOM_ID_BYTES]))

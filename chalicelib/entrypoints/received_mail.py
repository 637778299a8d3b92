# SPDX-License-Identifier: Apache-2.0
"""What SES tells of a mail it received for us, read no further than the envelope.

Guarantees that sender, subject and headers, which are in the notice too, are never looked at.

Source: Amazon SES developer guide, "Contents of notifications for Amazon SES email receiving".
"""

import json
import re

from chalicelib.errors import InputError

_TOKEN = re.compile("[a-z2-7]{60}")
"""docs/spec/tokens.md section 2; of other addresses not even a key is read."""
MAX_RECIPIENTS = 100
"""Recipients looked at of one mail; a mail program writes to one."""


def local_parts(notice: str, domain: str) -> tuple[str, ...]:
    """Return what may be a token before the ``@`` of a recipient at ``domain``, each once.

    Args:
        domain: in small letters; "" receives nothing.

    Raises:
        InputError: this is no notice of a received mail.
    """
    try:
        told = json.loads(notice)
        if told["notificationType"] != "Received":
            raise ValueError
        recipients = [str(address) for address in told["receipt"]["recipients"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputError(code="bad_message", detail="A queue message is not one of SES.") from None
    split = (address.rpartition("@") for address in recipients[:MAX_RECIPIENTS])
    found = [local.lower() for local, _, host in split if host and domain == host.lower()]
    return tuple(dict.fromkeys(local for local in found if _TOKEN.fullmatch(local)))

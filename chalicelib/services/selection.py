# SPDX-License-Identifier: Apache-2.0
"""Who is meant: one person named by an address, a link of theirs, or their id.

Guarantees that a link that was not made here and a person who is not there look the same.
"""

from collections.abc import Mapping

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.ids import SubjectId, decode_id, encode_id
from chalicelib.errors import BadToken, InputError, NotFound
from chalicelib.proof.tokens import LinkPurpose
from chalicelib.services.ledger import Ledger
from chalicelib.services.link_tokens import LinkTokens

NOBODY = "Nobody is found by this."
SELECTORS = frozenset({"email", "token", "subscriber"})


def subject_at(address: str, ledger: Ledger, nobody: str) -> SubjectId:
    """Return whose address it is.

    Raises:
        InputError: the address is malformed.
        NotFound: nobody's; ``nobody`` is the sentence that says so.
    """
    found = ledger.lookup(ledger.mac(parse_address(address).normal)).sid
    if found is None:
        raise NotFound(nobody)
    return found


def subject_of(selector: Mapping[str, str], ledger: Ledger, tokens: LinkTokens) -> SubjectId:
    """Return the subject that ``selector`` names; it need not exist when named by id.

    Args:
        selector: exactly one of ``email``, ``token`` (an unsubscribe link or its token) or
            ``subscriber`` (an id).

    Raises:
        InputError: not exactly one selector, or a malformed one.
        NotFound: nobody is found by it.
    """
    given = {name: value for name, value in selector.items() if value}
    if len(given) != 1 or not given.keys() <= SELECTORS:
        raise InputError(
            code="bad_selector", detail="Name the person by exactly one of the selectors."
        )
    ((name, value),) = given.items()
    if name == "email":
        return subject_at(value, ledger, NOBODY)
    if name == "token":
        try:
            payload = tokens.read(LinkPurpose.UNSUBSCRIBE, value.rstrip("/").rpartition("/")[2])
        except BadToken:
            raise NotFound(NOBODY) from None
        return SubjectId(encode_id(payload.sid))
    decode_id(value)
    return SubjectId(value)

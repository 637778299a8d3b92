# SPDX-License-Identifier: Apache-2.0
"""What the person is to be told next about their request: one rule, whoever puts it into words.

Guarantees that a restriction that was lifted is never told as one that stands.
"""

from enum import StrEnum

from chalicelib.domain.rights import Right, RightsRequest, Status


class Told(StrEnum):
    """What is to be told.

    Attributes:
        ANSWER: what was done, or what they asked to see (GDPR Art. 12(3)).
        EXTENDED: within the first month that it takes longer, and why (GDPR Art. 12(3)).
        REFUSED: why, the complaint and the judicial remedy (GDPR Art. 12(4)).
        RESTRICTED: before the restriction is lifted, that it will be (GDPR Art. 18(3)).
        LIFTED: nothing more; the restriction of this request has ended.

    """

    ANSWER = "answer"
    EXTENDED = "extended"
    REFUSED = "refused"
    RESTRICTED = "restricted"
    LIFTED = "lifted"


_BY_STATUS = {
    Status.OPEN: Told.ANSWER,
    Status.EXTENDED: Told.EXTENDED,
    Status.REFUSED: Told.REFUSED,
}


def to_tell(request: RightsRequest) -> Told | None:
    """Return what the person is to be told next, None when nothing is."""
    if request.lifted_ms is not None:
        return Told.LIFTED
    if request.right is Right.WITHDRAWAL or request.closed_by_erasure:
        return None
    if request.right is Right.RESTRICTION and request.status is Status.ANSWERED:
        return Told.RESTRICTED
    return _BY_STATUS.get(request.status)

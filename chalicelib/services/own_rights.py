# SPDX-License-Identifier: Apache-2.0
"""What a person does about their own data from a fresh link: object, restrict, be erased.

Guarantees that each is done and answered by the same press, that pressing again does nothing more
and says the same, and that an erasure begun is never begun twice.
"""

from chalicelib.domain.erasure import Stage
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import JobId
from chalicelib.domain.rights import RestrictionGround, Right
from chalicelib.domain.state import Scope
from chalicelib.services.access_links import Access
from chalicelib.services.erasure import ErasureDesk
from chalicelib.services.ledger import Ledger
from chalicelib.services.rights import Erase, RightsDesk
from chalicelib.services.signup import Session


class OwnRights:
    """The rights a person uses without anybody's help.

    All methods raise `NotFound` where the person was erased meanwhile, and `Conflict` or
    `DependencyError` where pressing again is what to do.
    """

    def __init__(self, *, ledger: Ledger, rights: RightsDesk, erasures: ErasureDesk) -> None:
        self._ledger = ledger
        self._rights = rights
        self._erasures = erasures

    def object(self, access: Access, session: Session) -> bool:
        """End all marketing mail of the brand; False where the person has objected already.

        Source: GDPR Art. 21(2), (3).
        """
        state = self._ledger.open(access.sid).state
        if Scope(access.brand, EMAIL) in state.objections:
            return False
        self._rights.by_person(access.sid, access.brand, Right.OBJECTION, session)
        return True

    def restrict(self, access: Access, ground: RestrictionGround, session: Session) -> bool:
        """Have the person's data kept and not used; False where it is so already.

        Source: GDPR Art. 18(1), (2).
        """
        if self._ledger.open(access.sid).state.restricted:
            return False
        self._rights.by_person(access.sid, access.brand, Right.RESTRICTION, session, ground=ground)
        return True

    def erase(self, access: Access, session: Session, language: str, *, suppress: bool) -> JobId:
        """Have the person erased, and return the certificate's id; again, the same one.

        Source: GDPR Art. 17(1).
        """
        before = self._erasures.open_of(access.sid)
        if before is not None and before.stage is Stage.APPROVED:
            return before.id
        wish = Erase(suppress=suppress, language=language)
        made = self._rights.by_person(access.sid, access.brand, Right.ERASURE, session, erase=wish)
        return JobId(made.erasure or "")

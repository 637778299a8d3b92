# SPDX-License-Identifier: Apache-2.0
"""Links that open a person's own data for an hour: who holds one reads the mail of its address.

Guarantees that the link itself is stored nowhere, that it shows nothing once its hour is over,
and that an erasure ends it. It may be used as often as wanted while it lasts.
"""

from dataclasses import dataclass

from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.errors import NotFound
from chalicelib.ports.access import AccessLink, AccessStore
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.proof.tokens import CONFIRM_BYTES, confirm_token_hash, new_confirm_token

LIFE_MS = 60 * MINUTE_MS
"""How long a link shows anything, milliseconds."""
KEPT_MS = 7 * DAY_MS
"""How long a used-up link still knows whom to mail a new one, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may see their own data now, in which brand's frame.

    Attributes:
        token_sha256: hash of the link, sealed with what is done through it.
    """

    sid: SubjectId
    brand: BrandId
    language: str
    expires_ms: int
    token_sha256: str


class LinkExpired(NotFound):
    """The link's hour is over; ``access`` says whom a new one may be mailed to, and no more."""

    def __init__(self, access: Access) -> None:
        """Keep whom the link was for."""
        super().__init__("This link has expired; a new one can be asked for.")
        self.access = access


class AccessLinks:
    """Makes and reads fresh links."""

    def __init__(self, *, store: AccessStore, clock: Clock, random: RandomBytes) -> None:
        self._store = store
        self._clock = clock
        self._random = random

    def make(self, sid: SubjectId, brand: BrandId, language: str) -> str:
        """Return the token of a new link, 43 characters, good for `LIFE_MS`.

        Raises:
            DependencyError: it was perhaps not stored; do not mail it.
        """
        token, digest = new_confirm_token(self._random(CONFIRM_BYTES))
        now_ms = self._clock.now_ms()
        link = AccessLink(sid=sid, brand=brand, language=language, expires_ms=now_ms + LIFE_MS)
        self._store.put(digest, link, now_ms + KEPT_MS)
        return token

    def open(self, token: str) -> Access:
        """Return who may see their data with this link.

        Raises:
            BadToken: the text is no such token.
            NotFound: there is no such link (any more).
            LinkExpired: its hour is over.
            DependencyError: nothing was decided.
        """
        digest = confirm_token_hash(token)
        link = self._store.get(digest)
        if link is None:
            raise NotFound("This link is not known.")
        access = Access(
            sid=link.sid,
            brand=link.brand,
            language=link.language,
            expires_ms=link.expires_ms,
            token_sha256=digest,
        )
        if self._clock.now_ms() >= link.expires_ms:
            raise LinkExpired(access)
        return access

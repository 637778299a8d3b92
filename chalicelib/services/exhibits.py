# SPDX-License-Identifier: Apache-2.0
"""What a person was shown: the notices their entries name and the privacy text of that day.

Guarantees that a page is given as it was stored, with the entry that commits to it where the
published log holds that entry.
"""

from collections.abc import Iterable

from chalicelib.domain.ids import EventId, encode_id
from chalicelib.errors import Malformed, NotFound
from chalicelib.ports.outside import Blobs
from chalicelib.proof import canonical
from chalicelib.proof.evidence import NoticeFile, PrivacyFile, ProvenEntry
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.dossier import Page
from chalicelib.services.published_log import PublishedLog, Tree


class Exhibits:
    """Reads stored pages with their publications."""

    def __init__(self, *, blobs: Blobs, published: PublishedLog) -> None:
        self._blobs = blobs
        self._published = published

    def notices(self, pages: Iterable[Page], tree: Tree) -> tuple[NoticeFile, ...]:
        """Return each notice that the entries name, once.

        Raises:
            NotFound: one is missing.

        """
        wanted = sorted({page.event.notice for page in pages if page.event.notice})
        return tuple(self._notice(sha256, tree) for sha256 in wanted)

    def privacy(self, pages: Iterable[Page], tree: Tree) -> tuple[PrivacyFile, ...]:
        """Return each privacy text that the opened sign-ups say was linked, once."""
        choices = ((page.claims.choice or {}) for page in pages if page.claims)
        wanted = sorted({str(choice["privacy"]) for choice in choices if "privacy" in choice})
        found = (self._privacy(sha256, tree) for sha256 in wanted)
        return tuple(file for file in found if file is not None)

    def _notice(self, sha256: str, tree: Tree) -> NoticeFile:
        html = self._blobs.get(f"notice/{sha256}.html")
        if html is None:
            raise NotFound("a notice that an entry names is missing")
        text, leaf = self._published_notice(sha256, tree)
        entry = self._entry(leaf, tree)
        if text is None or entry is None:
            return NoticeFile(html=html.data)
        return NoticeFile(html=html.data, text=text, publication=entry)

    def _published_notice(self, sha256: str, tree: Tree) -> tuple[bytes | None, bytes | None]:
        """A notice's plain text and the leaf of its publication."""
        kept = self._blobs.get(f"notice/{sha256}.published")
        if kept is not None:
            members = canonical.decode(kept.data)
            if not isinstance(members, dict):
                raise Malformed("a stored publication is not an object")
            return str(members["text"]).encode(), str(members["leaf"]).encode()
        # Published by a version that kept the text and the entry's id apart.
        text = self._blobs.get(f"notice/{sha256}.txt")
        event = self._blobs.get(f"notice/{sha256}.event")
        index = self._published.index(EventId(event.data.decode()), tree) if event else None
        return text.data if text else None, None if index is None else tree.leaf(index)

    def _privacy(self, sha256: str, tree: Tree) -> PrivacyFile | None:
        html = self._blobs.get(f"privacy/{sha256}.html")
        kept = self._blobs.get(f"privacy/{sha256}.published")
        members = canonical.decode(kept.data) if kept else None
        if html is None or not isinstance(members, dict):
            return None  # A crash came between; nothing says the page was ever in force.
        entry = self._entry(str(members["leaf"]).encode(), tree)
        return PrivacyFile(html=html.data, entry=entry) if entry else None

    def _entry(self, leaf: bytes | None, tree: Tree) -> ProvenEntry | None:
        """The entry with its path, once the published tree covers it."""
        if leaf is None:
            return None
        event = EventId(encode_id(parse_leaf(leaf).fields.event_id))
        index = self._published.index(event, tree)
        return None if index is None else tree.prove(leaf, index)

# SPDX-License-Identifier: Apache-2.0
"""Gathers everything one bundle shows: chain, pages, mails, campaigns, time, and who is who.

Guarantees that all of it leads to one checkpoint, and that what was not asked for stays closed.
"""

from collections.abc import Mapping

from chalicelib.domain.catalog import Brand
from chalicelib.domain.ids import JobId, vault_reference
from chalicelib.ports.catalog import Brands, Forms, Lists
from chalicelib.ports.system import Clock
from chalicelib.ports.time import TimeAuthority
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.evidence import AnchorFile, Evidence, Party
from chalicelib.services.anchoring import Anchoring
from chalicelib.services.dispatches import Dispatches
from chalicelib.services.dossier import Dossier, Wish
from chalicelib.services.exhibits import Exhibits
from chalicelib.services.published_log import PublishedLog, Tree


class Gatherer:
    """Makes `Evidence` of a dossier."""

    def __init__(
        self,
        *,
        published: PublishedLog,
        exhibits: Exhibits,
        dispatches: Dispatches,
        anchoring: Anchoring,
        authority: TimeAuthority,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        clock: Clock,
        policy: bytes,
        base_url: str,
        storage: str,
    ) -> None:
        self._published = published
        self._exhibits = exhibits
        self._dispatches = dispatches
        self._anchoring = anchoring
        self._authority = authority
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._clock = clock
        self._policy = policy
        self._base_url = base_url
        self._storage = storage

    def gather(self, job: JobId, dossier: Dossier, wish: Wish) -> Evidence | None:
        """Return the evidence; None while the published log lacks an entry of the chain.

        Raises:
            NotFound: something that an entry names is gone.
            EvidenceError: what is stored does not hold.

        """
        tree = self._published.tree()
        indices = self._indices(dossier, tree)
        if tree is None or indices is None:
            return None
        brand = self._brand(dossier)
        sent = self._dispatches.sent(dossier, tree, wish)
        anchors = self._anchors(indices, tree)
        return Evidence(
            bundle_id=job,
            controller=f"{brand.controller_name}, {brand.postal_address}" if brand else "",
            subject=_name(dossier),
            exporter=wish.exporter,
            created_ms=self._clock.now_ms(),
            policy=self._policy,
            checkpoint=tree.note,
            chain_key=dossier.chain_key,
            entries=tuple(
                tree.prove(page.entry.leaf, index, dossier.disclosures(page))
                for page, index in zip(dossier.pages, indices, strict=True)
            ),
            notices=self._exhibits.notices(dossier.pages, tree),
            language=wish.language,
            lists=wish.lists,
            purposes=wish.purposes,
            recipient=wish.recipient,
            reason=wish.reason,
            mails=sent.mails,
            privacy=self._exhibits.privacy(dossier.pages, tree),
            campaigns=sent.campaigns,
            deliveries=sent.deliveries,
            anchors=anchors,
            tsa_certificates=self._authority.certificates if anchors else b"",
            zone=brand.zone if brand else "UTC",
            sid=dossier.sid,
            erased=dossier.chain is None,
            base_url=self._base_url,
            party=self._party(dossier, brand, wish),
        )

    def _indices(self, dossier: Dossier, tree: Tree | None) -> list[int] | None:
        found = []
        for page in dossier.pages:
            index = self._published.index(page.entry.event, tree)
            if index is None:
                return None
            found.append(index)
        return found

    def _anchors(self, indices: list[int], tree: Tree) -> tuple[AnchorFile, ...]:
        """The time stamps around every entry, one of them over this very checkpoint."""
        if self._authority.stamps:
            self._anchoring.ensure(tree.note)
        files = []
        for stamped in self._anchoring.around(indices, tree.checkpoint.size):
            old = Checkpoint.of_note(stamped.note)
            files.append(
                AnchorFile(
                    size=stamped.size,
                    note=stamped.note,
                    response=stamped.response,
                    consistency=tree.since(old),
                    time_ms=stamped.time_ms,
                )
            )
        return tuple(files)

    def _brand(self, dossier: Dossier) -> Brand | None:
        named = (page.event.brand for page in dossier.pages if page.event.brand)
        return next((self._brands.get(brand_id) for brand_id in named), None)

    def _party(self, dossier: Dossier, brand: Brand | None, wish: Wish) -> Party:
        if brand is None:
            return Party()
        named = sorted({each for page in dossier.pages for each in page.event.lists})
        lists = (self._lists.get(each) for each in named)
        return Party(
            name=brand.controller_name,
            address=brand.postal_address,
            contact=brand.contact_address,
            brand_id=brand.id,
            brand=brand.name,
            privacy_url=brand.privacy_url or "",
            storage=self._storage,
            list_names=tuple((each.id, each.name) for each in lists if each is not None),
            purpose_names=tuple(sorted(self._purposes(dossier, wish).items())),
        )

    def _purposes(self, dossier: Dossier, wish: Wish) -> Mapping[str, str]:
        """The sentence each purpose was asked for with, from the forms of the opened sign-ups."""
        sentences: dict[str, str] = {}
        for page in dossier.pages:
            choice = (page.claims.choice if page.claims else None) or {}
            session = (page.claims.session if page.claims else None) or {}
            name, version = choice.get("form"), choice.get("version")
            if not isinstance(name, str) or not isinstance(version, int):
                continue
            form = self._forms.get(name, version)
            for box in form.boxes if form else ():
                if box.purpose in page.event.purposes:
                    shown_in = str(session.get("lang", wish.language))
                    text = box.text.get(shown_in) or next(iter(box.text.values()))
                    sentences[box.purpose] = text
        return sentences


def _name(dossier: Dossier) -> str:
    """How the bundle speaks of the person: the address, or the hash that the erasure left."""
    return dossier.address or vault_reference(dossier.sid)

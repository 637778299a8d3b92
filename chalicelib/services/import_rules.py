# SPDX-License-Identifier: Apache-2.0
"""A brand's country table: read, and changed.

Guarantees that a table decides nothing before the ledger commits to its exact bytes, that a change
names the table it was made from, and that saving what stands changes nothing. Refuses to loosen a
shipped rule without a reason in writing.
"""

from collections.abc import Iterable
from hashlib import sha256

from chalicelib.domain.catalog import Brand
from chalicelib.domain.country_rules import SHIPPED, CountryRule, own_rules, rules_document
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Brands
from chalicelib.ports.import_rows import CountryTable, ImportRows
from chalicelib.ports.outside import Blobs
from chalicelib.proof import canonical
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

RULES_FOLDER = "imported/rules/"
"""Where the tables are kept that the ledger commits to; nobody is in them."""
JSON = "application/json"


class ImportRules:
    """Country tables."""

    def __init__(self, *, brands: Brands, rows: ImportRows, ledger: Ledger, blobs: Blobs) -> None:
        self._brands = brands
        self._rows = rows
        self._ledger = ledger
        self._blobs = blobs

    def get(self, brand_id: str) -> CountryTable:
        """Return a brand's table.

        Raises:
            NotFound: there is no such brand.
        """
        return self._rows.country_rules(self._brand(brand_id).id)

    def change(self, brand_id: str, changed: Iterable[CountryRule], revision: int) -> CountryTable:
        """Make a table of the shipped one with these rules in it; return it as it stands then.

        Args:
            changed: every rule that shall differ; a country left out has the shipped rule again.
            revision: of the table that the change was made from.

        Raises:
            NotFound: there is no such brand.
            InputError: ``bad_import_rules``: a rule twice, or a looser one without its reason.
            Conflict: somebody else changed the table meanwhile.
        """
        brand = self._brand(brand_id)
        held = self._rows.country_rules(brand.id)
        if held.revision != revision:
            raise Conflict(
                "Somebody else changed these rules meanwhile. Nothing was changed: look at them"
                " first, then send yours again."
            )
        rules = own_rules(changed, SHIPPED)
        if rules_document(rules) == rules_document(held.rules):
            return held
        data = canonical.encode(rules_document(rules))
        digest = sha256(data).hexdigest()
        self._blobs.put_new(f"{RULES_FOLDER}{digest}.json", data, JSON)
        self._ledger.record(
            Draft(
                type=EventType.POLICY_CHANGED,
                brand=brand.id,
                channel=None,
                content_sha256=digest,
            )
        )
        return self._rows.put_country_rules(brand.id, rules, revision)

    def _brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("There is no such brand.")
        return brand

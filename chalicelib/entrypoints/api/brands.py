# SPDX-License-Identifier: Apache-2.0
"""Brands over the API: senders of the controller; id, code and sender are given once."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import Brand, UnsubscribeScope
from chalicelib.domain.ids import BrandId
from chalicelib.domain.leaving import LeavingReason
from chalicelib.entrypoints.api.frame import PAGED, Call, operation, page_answer


@operation("GET", "/brands", KeyScope.READ, gives="BrandPage", queries=PAGED)
def list_brands(call: Call) -> Mapping[str, Any]:
    """List brands."""
    return page_answer(call.container.setup.brands(*call.paging()), _shape)


@operation(
    "POST",
    "/brands",
    KeyScope.ADMIN,
    status=201,
    takes="NewBrand",
    gives="BrandSeen",
    location="/brands/{id}",
    conflicts=True,
)
def create_brand(call: Call) -> Mapping[str, Any]:
    """Make a brand; its sender address must be a verified SES identity before the first mail."""
    body = call.body
    brand = Brand(
        id=BrandId(body["id"]),
        code=call.container.setup.new_brand_code(),
        from_address=parse_address(body["from_address"]).deliverable,
        **_values(body),
    )
    return _seen(call, call.container.setup.add_brand(brand))


@operation("GET", "/brands/{brand}", KeyScope.READ, gives="BrandSeen")
def get_brand(call: Call) -> Mapping[str, Any]:
    """Get one brand, with why people left it."""
    return _seen(call, call.container.setup.brand(call.word("brand")))


@operation(
    "PATCH",
    "/brands/{brand}",
    KeyScope.ADMIN,
    takes="BrandChange",
    gives="BrandSeen",
    conflicts=True,
)
def change_brand(call: Call) -> Mapping[str, Any]:
    """Change a brand; its privacy page is published anew where that changes what it says."""
    brand = call.container.setup.change_brand(call.word("brand"), _values(call.body))
    return _seen(call, brand)


OPERATIONS = (list_brands, create_brand, get_brand, change_brand)


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a body that say what a brand is, those left out left out."""
    values = {name: body[name] for name in body if name not in ("id", "from_address")}
    if "contact_address" in values:
        values["contact_address"] = parse_address(values["contact_address"]).deliverable
    if "unsubscribe_scope" in values:
        values["unsubscribe_scope"] = UnsubscribeScope(values["unsubscribe_scope"])
    return values


def _seen(call: Call, brand: Brand) -> Mapping[str, Any]:
    counted = call.container.reasons.of_brand(brand.id)
    reasons = {str(reason): counted.get(reason, 0) for reason in LeavingReason}
    return {**_shape(brand), "unsubscribe_reasons": reasons}


def _shape(brand: Brand) -> Mapping[str, Any]:
    return {
        "id": brand.id,
        "name": brand.name,
        "controller_name": brand.controller_name,
        "postal_address": brand.postal_address,
        "contact_address": brand.contact_address,
        "from_address": brand.from_address,
        "privacy_url": brand.privacy_url,
        "default_language": brand.default_language,
        "time_zone": brand.zone,
        "unsubscribe_scope": str(brand.unsubscribe_scope),
        "keep_orders": brand.keep_orders,
    }

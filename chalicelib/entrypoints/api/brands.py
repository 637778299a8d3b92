# SPDX-License-Identifier: Apache-2.0
"""Brands over the API: senders of the controller, made once and never changed."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import Brand
from chalicelib.domain.ids import BrandId
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
    gives="Brand",
    location="/brands/{id}",
    conflicts=True,
)
def create_brand(call: Call) -> Mapping[str, Any]:
    """Make a brand; its sender address must be a verified SES identity before the first mail."""
    body = call.body
    brand = Brand(
        id=BrandId(body["id"]),
        code=call.container.setup.new_brand_code(),
        name=body["name"],
        controller_name=body["controller_name"],
        postal_address=body["postal_address"],
        contact_address=parse_address(body["contact_address"]).deliverable,
        from_address=parse_address(body["from_address"]).deliverable,
        privacy_url=body.get("privacy_url"),
        default_language=body.get("default_language", "en"),
        time_zone=body.get("time_zone", ""),
    )
    return _shape(call.container.setup.add_brand(brand))


@operation("GET", "/brands/{brand}", KeyScope.READ, gives="Brand")
def get_brand(call: Call) -> Mapping[str, Any]:
    """Get one brand."""
    return _shape(call.container.setup.brand(call.word("brand")))


OPERATIONS = (list_brands, create_brand, get_brand)


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
    }

# SPDX-License-Identifier: Apache-2.0
"""What an operator sets up is valid once it exists, whoever checked it before."""

from dataclasses import replace

import pytest

from chalicelib.errors import InputError
from tests.support.catalog_examples import BRAND, CAMPAIGN, FORM, LIST

PLACES = {
    "brand": lambda text: replace(BRAND, id=text),
    "list": lambda text: replace(LIST, id=text),
    "brand of a list": lambda text: replace(LIST, brand=text),
    "form": lambda text: replace(FORM, id=text),
    "brand of a form": lambda text: replace(FORM, brand=text),
    "list of a form": lambda text: replace(FORM, lists=(LIST.id, text)),
    "purpose of a box": lambda text: replace(FORM.boxes[0], purpose=text),
    "brand of a campaign": lambda text: replace(CAMPAIGN, brand=text),
    "list of a campaign": lambda text: replace(CAMPAIGN, list=text),
    "purpose of a campaign": lambda text: replace(CAMPAIGN, purpose=text),
}


@pytest.mark.parametrize("text", ["", "news\n", "News", "news letter", "-news", "å", "n" * 33])
@pytest.mark.parametrize("place", PLACES)
def test_an_operators_id_is_a_slug_wherever_it_stands(place, text):
    assert PLACES[place]("a-slug-1")
    with pytest.raises(InputError):
        PLACES[place](text)

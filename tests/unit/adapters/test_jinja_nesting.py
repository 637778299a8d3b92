# SPDX-License-Identifier: Apache-2.0
"""What is too deep for the parser is refused with its line; what is not passes."""

import pytest

from chalicelib.adapters.jinja_nesting import refuse_deep
from chalicelib.adapters.sandbox import Sandbox
from chalicelib.errors import InputError

DEEP = [
    "{{ " + "(" * 21 + "1" + ")" * 21 + " }}",
    "{{ " + "not " * 21 + "1 }}",
    "{{ " + "-" * 21 + "1 }}",
    "{{ 1" + " + 1" * 250 + " }}",
    "{{ 1" + "0" * 20 + " }}",
    "{% if a %}" * 41 + "{% endif %}" * 41,
    "{% for a in b %}" * 41 + "{% endfor %}" * 41,
    "{{ a }}" * 5_001,
]
FINE = [
    "{{ " + "(" * 20 + "1" + ")" * 20 + " }}" + "{{ (((1))) }}" * 50,
    "{% for a in [" + "1," * 100 + "] %}{% endfor %}",
    "{% if a %}{% else %}{% endif %}" * 500 + "{% if a %}" * 40 + "{% endif %}" * 40,
    "{{ first_name | default('you') | title | trim }}" * 100,
    "{{ 1 - 1 }}{{ not a }}",
]


@pytest.mark.parametrize("source", DEEP)
def test_what_nests_too_deeply_is_refused_with_its_line(source):
    with pytest.raises(InputError) as raised:
        refuse_deep("\n" + source, "HTML")
    assert raised.value.detail.startswith("Line 2 of the HTML: ")


@pytest.mark.parametrize("source", FINE)
def test_what_passes_is_parsed(source):
    refuse_deep(source, "HTML")
    Sandbox(autoescape=True).parse(source)

# SPDX-License-Identifier: Apache-2.0
"""The work a template may do: what is ordinary is done, what is none of a kind is refused."""

import pytest

from chalicelib.adapters.sandbox import Sandbox, fill
from chalicelib.adapters.template_work import MAX_WORK_CHARS
from chalicelib.errors import InputError

MARKUP = Sandbox(autoescape=True)
LONG = "x" * 4_000


def filled(source: str, **values: object) -> str:
    return fill(MARKUP.build(source, "HTML"), "HTML", values)


def refusal(source: str, **values: object) -> str:
    with pytest.raises(InputError) as raised:
        filled(source, **values)
    assert raised.value.code == "bad_template"
    return raised.value.detail


def test_odd_and_even_are_told_of_whole_numbers():
    one = "{{ 'o' if n is odd else '-' }}{{ 'e' if n is even else '-' }}"
    assert filled("{% for n in [1, 2, -1] %}" + one + "{% endfor %}") == "o--eo-"


@pytest.mark.parametrize("test", ["odd", "even"])
@pytest.mark.parametrize("value", ["3", "%200000000d", True, [3]])
def test_odd_and_even_of_anything_else_are_refused_in_words(test, value):
    detail = refusal(f"\n{{% if n is {test} %}}x{{% endif %}}", n=value)
    assert detail.startswith("Line 2 of the HTML: “odd” and “even” ask for a whole number")


@pytest.mark.parametrize("test", ["odd", "even"])
def test_odd_and_even_of_what_is_not_there_ask_for_a_fallback(test):
    assert "Give it a fallback" in refusal(f"{{% if n is {test} %}}x{{% endif %}}")


def test_nothing_runs_while_a_template_is_compiled():
    MARKUP.build("{{ 'a' | upper | int(1 is odd) }}{{ ['a' ~ 'b'] }}{{ 'a' is odd }}", "HTML")


def test_what_a_long_order_shows_is_no_long_work():
    items = [{"name": "Pot of clay, 20 cm", "price": "12.50"}] * 100
    row = "{{ loop.index + 1 }} {{ i.name | upper | e }} {{ i.name ~ ' ' ~ i.price | trim }}"
    source = "{% for i in items %}" + row * 4 + "{% endfor %}"
    assert filled(source, items=items).count("POT OF CLAY") == 400


@pytest.mark.parametrize(
    "use", ["n | upper", "n ~ 'x'", "n + 'x'", "n | truncate(9)", "'y' in n", "[n] == [n]"]
)
def test_work_over_the_cap_is_refused_with_its_line(use):
    source = "\n" + f"{{% if {use} %}}{{% endif %}}" * (MAX_WORK_CHARS // len(LONG) + 1)
    assert refusal(source, n=LONG).startswith("Line 2 of the HTML: The filters and joined texts")
    assert filled(source, n="x" * 10) == "\n"


def test_every_filling_has_the_whole_cap():
    template = MARKUP.build("{% if n | upper %}x{% endif %}" * 200, "HTML")
    for _ in range(3):
        assert fill(template, "HTML", {"n": LONG}) == "x" * 200


def test_what_is_joined_is_escaped_as_ever():
    assert filled("{{ n ~ (m | e) }}{{ n + n }}", n="<", m="&") == "&lt;&amp;&lt;&lt;"

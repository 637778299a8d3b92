# SPDX-License-Identifier: Apache-2.0
"""A template of which it is said that it cannot fail never does; plain ones are such."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.can_fail import can_fail
from chalicelib.adapters.sandbox import Sandbox, fill
from chalicelib.adapters.split_mail import OWN_NAMES
from chalicelib.errors import InputError

NAMES = ("first_name", "city")
MARKUP = Sandbox(autoescape=True)
WORDS = Sandbox(autoescape=False)


def fails(source: str) -> bool:
    return can_fail(MARKUP.tree(source, "HTML", own=OWN_NAMES), NAMES)


@pytest.mark.parametrize(
    "source",
    [
        "Hi {{ first_name | default('you') | title }}",
        "{{ first_name | e | upper }}{{ city | length }}",
        "{{ old_field | default('x') }}{% if old_field is defined %}a{% endif %}",
        "{% if city == 'x' %}{{ city | truncate(20) }}{% elif not first_name %}b{% endif %}",
        "{{ 'a' if city is none or city != first_name else city ~ '!' }}",
        "{% set n = city %}{% for i in [1, 2] %}{{ i }}{{ n }}{{ loop.index }}{% endfor %}",
        "{% set n = city %}{% if city %}{% set n = 'x' %}{% endif %}{{ n }}",
        "{{ city }}" * 21,
        "{% if city | title == 'x' %}a{% endif %}" * 83,
        "{{ _m }}{{ brand }}" * 500
        + "{{ list }}{{ unsubscribe_url }}{{ preferences_url }}{{ _o }}",
    ],
)
def test_a_plain_template_cannot_fail(source):
    assert not fails(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ unknown }}",
        "{% if unknown %}x{% endif %}",
        "{{ city.name }}",
        "{{ city[0] }}",
        "{{ city + 1 }}",
        "{{ -city }}",
        "{{ city > 'a' }}",
        "{{ 'a' in city }}",
        "{{ city is odd }}",
        "{{ city | int }}",
        "{{ city | first }}",
        "{{ city | truncate(2) }}",
        "{{ city | length | length }}",
        "{{ 'a' if city }}",
        "{% for x in city %}{{ x }}{% endfor %}",
        "{% for x in city | default([]) %}{{ x }}{% endfor %}",
        "{% for x in [1] %}{% set y = x %}{% endfor %}{{ y }}",
        "{% for x in [1] %}{{ x | length }}{% endfor %}",
        "{% set n = city | length %}{{ n | length }}",
        "{% if city %}{% set n = city %}{% endif %}{{ n }}",
        "{% for x in [1] %}{% endfor %}{{ x }}",
        "{{ city }}" * 22,
        "{% for x in [1,2,3,4,5,6,7,8,9,10,11] %}{{ city }}{{ city }}{% endfor %}",
        "{{ city | e | e }}" * 5,
        "{% if city | title == 'x' %}a{% endif %}" * 84,
        "{% for x in [1,2,3,4,5,6,7,8,9] %}"
        + "{% if city ~ city == 'x' %}a{% endif %}" * 5
        + "{% endfor %}",
    ],
)
def test_what_may_fail_for_somebody_is_said(source):
    assert fails(source)


expressions = st.recursive(
    st.sampled_from(
        (
            "first_name",
            "city",
            "unknown",
            "n",
            "x",
            "'a<b'",
            "''",
            "3",
            "none",
            "true",
            "loop.index",
        )
    ),
    lambda inner: st.one_of(
        st.builds(
            "({} | {})".format,
            inner,
            st.sampled_from(
                (
                    *("upper", "title", "trim", "e", "length", "truncate(3)", "truncate(4)"),
                    *("lower", "capitalize", "d('y')", "default(2)", "int", "first", "join"),
                    "d(city, true)",
                )
            ),
        ),
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(("~", "==", "!=", "and", "or", "<")), inner
        ),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds(
            "({} is {})".format,
            inner,
            st.sampled_from(("defined", "undefined", "none", "string", "number", "odd")),
        ),
    ),
    max_leaves=4,
)
leaves = st.one_of(
    expressions.map("{{{{ {} }}}}".format),
    st.builds("{{% set {} = {} %}}".format, st.sampled_from(("n", "city")), st.sampled_from(
        ("city", "first_name | length", "'<'", "unknown | d('z')", "3"))),
    st.sampled_from(("<p>", " ", "å")),
)  # fmt: skip
sources = st.lists(
    st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(
                "{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, expressions, inner, inner
            ),
            st.builds("{{% for x in ['a', 4] %}}{}{{% endfor %}}".format, inner),
            st.builds("{}{}".format, inner, inner),
        ),
        max_leaves=4,
    ),
    min_size=1,
    max_size=4,
).map("".join)
held = st.text(st.sampled_from("a'<&ßŉ\u0390😀 \n{"), max_size=6).flatmap(
    lambda text: st.sampled_from((text, text * 600))
)


@settings(max_examples=120, deadline=None)
@given(sources, st.fixed_dictionaries({"first_name": held, "city": held}), st.booleans())
def test_what_cannot_fail_does_not_fail(source, values, is_markup) -> None:
    sandbox = MARKUP if is_markup else WORDS
    try:
        tree = sandbox.tree(source, "HTML")
        template = sandbox.compiled(tree, "HTML")
    except InputError:
        return
    if not can_fail(tree, NAMES):
        fill(template, "HTML", values)

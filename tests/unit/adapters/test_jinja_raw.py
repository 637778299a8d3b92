# SPDX-License-Identifier: Apache-2.0
"""Raw blocks are taken out, and nothing of the mail changes by it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.jinja_raw import without_raw
from chalicelib.adapters.sandbox import Sandbox, fill
from chalicelib.errors import InputError

SANDBOX = Sandbox(autoescape=True)


def filled(source: str) -> str:
    return fill(SANDBOX.build(source, "HTML"), "HTML", {"a": "<1>"})


def test_a_source_without_raw_blocks_stays_as_it_is():
    source = "a\r\n{# raw #}draw {{ a }}\n"
    assert without_raw(source, "HTML") is source


def test_a_block_that_does_not_end_is_refused_with_its_line():
    with pytest.raises(InputError) as raised:
        without_raw("\n{% raw %}x", "HTML")
    assert raised.value.detail.startswith("Line 2 of the HTML: ")


def test_tags_after_a_raw_block_keep_their_lines():
    source = "a\n\n{%- raw %}\nb{{ c }}\n{% endraw -%}\n\n{{ nothing }}"
    with pytest.raises(InputError) as raised:
        filled(without_raw(source, "HTML"))
    assert raised.value.detail.startswith("Line 7 of the HTML: ")


pieces = st.sampled_from(
    (
        *("{", "}", "{{", "%", "#", "\n", " ", "x", "{% raw %}", "{%- raw -%}", "{% endraw %}"),
        *("{%- endraw -%}", "{{ a }}", "{{- a -}}", "{% if a %}", "{% endif %}", "{# c #}", "<p>"),
    )
)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=10).map("".join))
def test_the_mail_stays_the_same(source) -> None:
    try:
        expected = filled(source)
    except InputError:
        return
    made = without_raw(source, "HTML")
    assert filled(made).rstrip("\n") == expected.rstrip("\n")

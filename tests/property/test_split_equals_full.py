# SPDX-License-Identifier: Apache-2.0
"""Whatever a marketer writes, splitting it changes no byte of anybody's mail, nor any error.

Three ways must give one mail: the fragments put back by us, the same put back by the local SES
from what the call carries, and the mail rendered whole for one person.
"""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.split_mail import Call, Footer, Heads, Person, SplitMail
from chalicelib.adapters.static_text import Slot, assemble, merged, seal_static
from chalicelib.errors import InputError
from chalicelib.ports.sending import Rendered
from infra.local import ses_template

HEADS = Heads(unsubscribe="https://mail.example.org/u/", preferences="https://mail.example.org/p/")
FOOTERS = (
    Footer.of(
        "<div>{}\ue000u\ue001}}\ue000p\ue001#why</div>", "-- \n\ue000u\ue001\n\ue000p\ue001\n"
    ),
    Footer.of('<p>Å <a href="\ue000u\ue001">{{x}}</a></p>', "\\\ue000p\ue001"),
)
LONG = "Here is what is new this month. "
SPECIAL = "aé😀 \t\n\r}\\>&\"'|$\xa0\u2003\ue000\ue002"
LISTED = "items | default([])"

plain_words = st.text(st.sampled_from(SPECIAL), max_size=9)
raw_words = st.sampled_from(
    (
        "{{",
        "}}",
        "{{{",
        "\\{{",
        "{{x}}",
        "{{#if}}",
        "\\",
        "}",
        "{",
        "@media{p{x:y}}",
        " \n",
        "\n\n\n",
    )
)
data = st.one_of(
    plain_words,
    raw_words.map(lambda text: f"{{% raw %}}{text}{{% endraw %}}"),
    st.sampled_from((LONG, f"{LONG}}}", f"\n{LONG}\n", "<p>", "</p>\n", "<b title='}}'>{ {</b>")),
)
names = st.sampled_from(("name", "city", "n", "brand", "unsubscribe_url", "preferences_url"))
expressions = st.one_of(
    names,
    st.builds("{} | default('{{{{') | upper".format, names | st.just("missing")),
    st.sampled_from(
        ("'\\ue000m\\ue001\\ue002'", "'}'", "' \\n '", "name ~ city", "n + 1", "'<b>'")
    ),
    st.sampled_from(
        (f"{LISTED} | join(', ')", "address.city | d('x')", "name | urlencode", "list")
    ),
)
shown = expressions.map(lambda expression: f"{{{{ {expression} }}}}")
ours = st.sampled_from(("{{ _m }}", "/c/{{ _m }}001", "{{ _o }}", "{{ preferences_url }}"))
assigned = st.builds(
    "{{% set {} = {} %}}".format,
    st.sampled_from(("name", "x", "unsubscribe_url", "preferences_url")),
    st.sampled_from(("name", "'{{'", "city | default('b')", "n", "x | d('c')")),
)


def inside(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, names, blocks, blocks),
        st.builds("{{% if {} is defined %}}{}{{% endif %}}".format, names, blocks),
        st.builds(
            "{{% for x in items %}}{}{{{{ loop.index }}}}{{{{ x }}}}{{% endfor %}}".format, blocks
        ),
        st.builds("{}{}".format, blocks, blocks),
    )


leaves = st.one_of(data, data, shown, shown, ours, assigned)
sources = st.lists(st.recursive(leaves, inside, max_leaves=4), max_size=8).map("".join)
subjects = st.lists(st.sampled_from(("å 😀", "}}", "\\", "<b>")) | shown, max_size=3).map("".join)
words = plain_words | st.sampled_from(("{{h0}}", "}}", "{", "\\", "\n", "Ada"))
people = st.builds(
    lambda values, footer, number: Person(
        values={"items": [], "brand": "B", "city": "Å"} | values,
        footer=footer,
        unsubscribe=f"u{number}",
        preferences=f"p{number}",
    ),
    st.fixed_dictionaries(
        {"name": words, "n": st.integers(-5, 5)},
        optional={
            "city": words,
            "list": words,
            "items": st.lists(words, max_size=3),
            "address": st.fixed_dictionaries({"city": words}),
        },
    ),
    st.sampled_from(FOOTERS),
    st.integers(0, 3),
)
measures = st.tuples(st.sampled_from(("m" * 87, "n" * 87)), st.sampled_from(("", "<img {{o}}>")))

TEMPLATES = CampaignTemplates()


def sent_by_ses(call: Call, place: int) -> Rendered:
    given_data = json.loads(json.dumps(call.data[place], ensure_ascii=False))
    return Rendered(
        subject=ses_template.render(call.static.subject, given_data),
        html=ses_template.render(call.static.html, given_data),
        text=ses_template.render(call.static.text, given_data),
    )


def whole(mail: SplitMail, person: Person, measure: tuple[str, str]) -> Rendered | InputError:
    try:
        return mail.full(person, token=measure[0], pixel=measure[1])
    except InputError as error:
        return error


@settings(max_examples=150, deadline=None)
@given(subjects, sources, sources, st.lists(st.tuples(people, measures), min_size=1, max_size=3))
def test_the_split_mail_is_the_whole_mail(subject, html, text, readers) -> None:
    try:
        mail = TEMPLATES.split(f"A {subject}", html, text, HEADS)
    except InputError:
        return  # Refused for everybody, before anybody is written to.
    entries, expected = [], []
    for person, measure in readers:
        full = whole(mail, person, measure)
        if isinstance(full, InputError):
            with pytest.raises(InputError) as raised:
                mail.prepare(person)
            assert (raised.value.code, raised.value.detail) == (full.code, full.detail)
            continue
        entries.append(mail.finish(mail.prepare(person), token=measure[0], pixel=measure[1]))
        expected.append(full)
    if not entries:
        return
    call = mail.call(entries)
    for place, full in enumerate(expected):
        assert assemble(call.static, call.data[place]) == full
        assert sent_by_ses(call, place) == full
        assert call.data[place].keys() == {*call.static.keys, *call.static.constants}


@settings(max_examples=60, deadline=None)
@given(sources, people, measures)
def test_a_mail_that_is_not_split_any_more_is_the_whole_mail(html, person, measure) -> None:
    try:
        mail = TEMPLATES.split("A", html, None, HEADS)
    except InputError:
        return
    full = whole(mail, person, measure)
    if isinstance(full, InputError):
        return
    for _ in range(2):
        entry = mail.finish(mail.prepare(person), token=measure[0], pixel=measure[1])
        call = mail.call([entry])
        assert sent_by_ses(call, 0) == full
        other = replace(person, unsubscribe="another")
        assert not mail.proves(call, other, token=measure[0], pixel=measure[1])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from("{}\\a"))
        | raw_words
        | st.sampled_from((Slot("h0"), Slot("u"), Slot("g")))
    )
)
def test_a_sealed_text_means_what_it_says(pieces) -> None:
    values = {"h0": "}}{{u}}", "u": "{", "g": "\\"}
    static = seal_static((), merged(pieces, {}), ())
    expected = "".join(x if isinstance(x, str) else values[x.key] for x in pieces)
    known = values | static.constants
    assert ses_template.render(static.html, known) == expected
    assert assemble(static, known).html == expected

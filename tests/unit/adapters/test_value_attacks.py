# SPDX-License-Identifier: Apache-2.0
"""What people say of themselves, at its worst, in mails as they are sent: words, and never work.

Every mail goes the whole way: compiled, filled in fragments for a call of SES, filled whole.
"""

import time

import pytest

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.mail_compiler import MailCompiler
from chalicelib.adapters.sandbox import FILTERS
from chalicelib.adapters.split_mail import Footer, Heads, Person
from chalicelib.adapters.template_rules import MAX_VALUE_CHARS
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.campaigns import Content
from chalicelib.errors import InputError
from infra.local.demo_data import DEMO_BRAND
from infra.local.ses_template import render as as_ses_renders

COMPILER = MailCompiler(TemplateRenderer(), "https://mail.example.org")
HEADS = Heads(unsubscribe="https://mail.example.org/u/", preferences="https://mail.example.org/p/")
MAX_S = 1.0
LONGEST = MAX_VALUE_CHARS - 1
"""A little less than a value may have."""

VALUES = {
    "an expression": "{{ 7*7 }}{% if 1 %}x{% endif %}{# c #}",
    "an escape": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "our own names": "{{ _m }}{{ _o }}{{ _footer }}",
    "the language of SES": "{{#each x}}{{h0}}{{/each}}{{{h0}}}\\{{h0}}",
    "marks of ours": "\ue000u\ue001\ue000p\ue001\ue0000\ue001",
    "markup": "</p></body><script>alert(1)</script><!--",
    "an attribute": "\"' onload=alert(1) x=",
    "open braces": "{" * LONGEST,
    "open tags": "<" * LONGEST,
    "ampersands": "&" * LONGEST,
    "backslashes": "\\" * LONGEST,
    "digits": "9" * LONGEST,
    "an exponent": "1e999999999",
    "no number": "nan",
    "combining marks": "a" + "\u0301" * LONGEST,
    "letters that grow": "ΐ" * LONGEST,
    "another direction": "\u202eabc\u2066",
}
FILTERED = "".join(
    f"<p>{{{{ first_name | default('x') | {name} }}}}</p>"
    for name in sorted(FILTERS - {"abs", "d", "default", "first", "join", "last"})
)
SOURCES = {
    "text": "<p>Hello {{ first_name }}</p>",
    "an attribute": '<p title="{{ first_name }}">x</p><a href="https://a.example/{{ first_name }}">'
    "x</a>",
    "every filter": FILTERED,
    "a loop": "{% for a in [1,2,3,4,5,6,7,8,9] %}{{ first_name }}{% endfor %}",
}


def sent(source, value):
    """The mail as SES would put it together, and as it is rendered whole."""
    content = Content(subject="News", html=source)
    made = COMPILER.compile(content, DEMO_BRAND, "en", fields=("first_name",))
    mail = CampaignTemplates().split(made.subject, made.html, made.text, HEADS)
    footer = Footer.of('<a href="https://mail.example.org/u/\ue000u\ue001">x</a>', "x")
    person = Person(
        values={"first_name": value},
        footer=footer,
        unsubscribe="u" * 66,
        preferences="p" * 66,
    )
    call = mail.call([mail.finish(mail.prepare(person), token="m" * 87, pixel="")])
    whole = mail.full(person, token="m" * 87, pixel="")
    return as_ses_renders(call.static.html, call.data[0]), whole


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_words_and_never_work(name, source):
    start = time.process_time()
    html, whole = sent(SOURCES[source], VALUES[name])
    assert time.process_time() - start < MAX_S
    assert html == whole.html
    assert html.count("u" * 66) == 1
    assert "<script" not in html
    assert "49" not in html
    assert ' onload="' not in html


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (SOURCES["text"], "a" * (MAX_VALUE_CHARS + 1)),
        (
            "{% for a in [1,2,3,4,5,6,7,8,9] %}" * 3 + "{{ first_name }}" + "{% endfor %}" * 3,
            "<" * LONGEST,
        ),
    ],
    ids=["too long", "too often"],
)
def test_a_value_too_long_or_shown_too_often_is_refused_soon(source, value):
    start = time.process_time()
    with pytest.raises(InputError) as refused:
        sent(source, value)
    assert time.process_time() - start < MAX_S
    assert refused.value.code == "bad_template"
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("value", ["a\r\nBcc: visitor@example.org", "\x00", "a" * 256, "", " "])
def test_a_subject_that_a_value_breaks_is_nobodys(value):
    made = COMPILER.compile(
        Content(subject="{{ first_name }}", html="<p>x</p>"),
        DEMO_BRAND,
        "en",
        fields=("first_name",),
    )
    mail = CampaignTemplates().split(made.subject, made.html, made.text, HEADS)
    person = Person(
        values={"first_name": value}, footer=Footer.of("", ""), unsubscribe="u", preferences="p"
    )
    with pytest.raises(InputError) as refused:
        mail.prepare(person)
    assert refused.value.code == "bad_subject"

# SPDX-License-Identifier: Apache-2.0
"""Tags of other tools are found wherever they stand, and nothing of ours is taken for one."""

import re

import pytest

from chalicelib.domain.content import Finding, FindingCode, Part, Severity
from chalicelib.domain.foreign_tags import MAX_SHOWN, TOOLS, foreign_tags, unknown_fields
from tests.support.effort import effort_ms

DECLARED = frozenset({"first_name", "brand", "list", "unsubscribe_url", "preferences_url"})
FOREIGN = [
    "*|FNAME|*", "*|IF:FNAME|*", "*|END:IF|*", "*|MC:SUBJECT|*", "*|LIST:ADDRESSLINE|*",
    "*|DATE:d/m/y|*", "*|IF:AGE >= 21|*", "*|IF:AGE &gt;= 21|*", "*|FEED:http://example.org/a|*",
    "*|COUPON:[X]|*", "*|FNAME|Friend|*", "*|RSSITEMS:[$count=5,$since=2026-01-01]|*",
    "{{ .Subscriber.FirstName }}", "{{ UnsubscribeURL }}", '{{ TrackLink "https://example.org" }}',
    "{{${first_name} | default: 'you'}}", "{{{ unsubscribe }}}", "{{{firstName}}}",
    '{{var:firstname:"you"}}', '{{data:firstname:""}}', '{% unsubscribe "Leave" %}',
    "{% current_year %}", "{% assign name = contact.first_name %}", "%recipient.name%",
    "%mailing_list_unsubscribe_url%", "%FIRSTNAME%", "%UNSUBSCRIBELINK%", "%%emailaddr%%",
    "%%=v(@firstName)=%%", "%%[ SET @name = 'x' ]%%", "{!Contact.FirstName}", "{!firstname_fix}",
    '[[data:firstname:""]]', "[[contact.first_name]]", "[[FIRSTNAME]]", '[[FIRSTNAME OR "friend"]]',
    "[[email]]", "{$name}", "{$unsubscribe}", "<%= recipient.firstName %>",
    "&lt;%= recipient.firstName %&gt;", "{contactfield=firstname}", "{unsubscribe_text}",
    "{webview_url}", "[UNSUBSCRIBE]", "[FIRSTNAME]", "[firstname,fallback=friend]", "[unsubscribe]",
    "<unsubscribe>", "<webversion>", "$[FNAME|Customer]$", "$[LI:UNSUBSCRIBE]$",
    "[contact_attribute:firstname]", "##OptOutList##", "##subscriber.firstname##", "##FirstName##",
    "{{contact.first_name}}", "{{ contact.FIRSTNAME }}", "{{contact['first_name']}}",
    "{{ params.order }}", "{{subscriber.first_name}}", "{{ person|lookup:'first_name' }}",
    '{{ customer.first_name | default: "you" }}', "{{ recipient.name }}", "{{lead.First Name}}",
    "{{ unsubscribe }}", "{{ mirror }}", '{{ personalization_token("contact.firstname") }}',
    "{% if contact.first_name %}", "{% for item in event.items %}",
]  # fmt: skip
OURS = [
    "{{ first_name }}", "{{ first_name | default('friend') }}", "{{ brand }}", "{{ list }}",
    "{{ unsubscribe_url }}", "{{preferences_url}}", "{% if first_name %}x{% else %}y{% endif %}",
    "{{ company }}", "{{ name }}", "{{ person }}", "{{ event }}",
    "{% for event in events %}{{ event.title }}{% endfor %}",
    "{% for who, member in people %}{{ member.name }}{% endfor %}",
    "{%- set person = people[0] %}{{ person.name }}", "{# *|FNAME|* #}", "{#\n[UNSUBSCRIBE]\n#}",
    "50 % off, 100% sure, 20%OFF%", "https://example.org/?a=%C3%84NDRA%20NAMN&b=%C4RLIG%20",
    "See [1] and [[1, 2], [3, 4]], [sic], [link] (x)", "if [[ -f x ]]; then echo ${HOME}; fi",
    "<!--[if mso]><table><![endif]--><![if !mso]>x<![endif]>", "* a | b | c *", "a *|* b |* c",
    "<style>*|a{color:red} svg|*{color:red}</style>", "*|a\nb|*",
    "{ $ } {$5} { $x }", "<style>@media screen{a{color:red}}{}</style>", "p{}{{ brand }}",
    "## Heading", "##Rubrik##", "## NAME ##", "a < b % c > d", "5 %% 6 %%", "{! not this !}",
    "The subscriber. The contact. {contact} {name}", "€ $[1] $", "{{ '{' }}", "Hello -name-,",
]  # fmt: skip


def found(source: str, declared: frozenset[str] = DECLARED) -> list[Finding]:
    return list(foreign_tags(source, Part.HTML, declared))


def shown(each: Finding) -> str:
    tag = re.match("“(.*?)” is a tag of ", each.sentence)
    assert tag is not None
    return tag[1]


@pytest.mark.parametrize("tag", FOREIGN)
def test_a_tag_of_another_tool_is_an_error_and_shown_as_it_is(tag: str) -> None:
    (each,) = found(f"<p>Hello {tag}, and\n{{{{ first_name }}}}</p>")
    assert (each.code, each.severity) == (FindingCode.FOREIGN_MERGE_TAG, Severity.ERROR)
    assert shown(each) == tag
    assert each.line == 1


@pytest.mark.parametrize("tag", FOREIGN)
def test_a_tag_is_found_in_an_attribute_between_lines_and_beside_another(tag: str) -> None:
    quoted = tag.replace('"', "'")
    (first, second) = found(f'<a\nhref="https://example.org/?a={quoted}">{tag}</a>')
    assert (first.line, second.line) == (2, 2)
    assert shown(first) == quoted


@pytest.mark.parametrize("source", OURS)
def test_what_is_no_tag_of_another_tool_is_not_taken_for_one(source: str) -> None:
    assert found(source) == []


def test_a_field_that_forms_ask_for_is_ours_whatever_its_name() -> None:
    source = "{{ contact.name }} {{ mirror }} {% if customer.x %}{% endif %}"
    assert len(found(source)) == 3
    assert found(source, DECLARED | {"contact", "mirror", "customer"}) == []


def test_every_tool_on_the_list_has_a_tag_here() -> None:
    told = {
        each.sentence.split("is a tag of ")[1].split(",")[0] for each in found(" ".join(FOREIGN))
    }
    assert {tool for tool, _ in TOOLS} <= told


def test_the_sentence_says_what_to_write_instead() -> None:
    name, leave, other = found("*|FNAME|* *|UNSUB|* *|COLOUR|*")
    assert "is a tag of Mailchimp, which means nothing here." in name.sentence
    assert name.sentence.endswith("{{ first_name | default('friend') }}.")
    assert leave.sentence.endswith("the footer has the links that people need.")
    assert other.sentence.endswith("or leave it out.")


def test_lines_are_counted_over_remarks_and_a_rendered_mail_has_none() -> None:
    source = "{# one\ntwo #}\n\n{{ contact.name }}"
    assert [each.line for each in found(source)] == [4]
    assert [each.line for each in foreign_tags(source, Part.TEXT, lines=False)] == [None]


def test_a_long_tag_is_cut_where_it_is_shown() -> None:
    (each,) = found(f"*|{'A' * 90}|*")
    assert shown(each) == f"*|{'A' * (MAX_SHOWN - 2)}…"


def test_a_name_nobody_can_have_is_a_warning() -> None:
    used = [("first_name", 1), ("nickname", 2), ("contact", 3)]
    nickname, contact = unknown_fields(used, Part.SUBJECT, DECLARED)
    assert (nickname.code, nickname.severity) == (FindingCode.UNKNOWN_FIELD, Severity.WARNING)
    assert (nickname.part, nickname.line) == (Part.SUBJECT, 2)
    assert nickname.sentence == (
        "No form asks for “nickname”, so nobody has it. Correct the name, or leave it out."
    )
    assert contact.sentence.endswith("It looks like a tag of another tool.")


def test_24_kb_are_searched_in_less_than_20_ms_of_cpu() -> None:
    source = "<p style='color:#333'>Hello {{ first_name }}, %20 [1] *bold* <b>x</b></p>\n" * 340
    assert len(source) > 24 * 1024
    assert found(source) == []
    assert effort_ms(lambda: found(source), below=20) < 20


@pytest.mark.parametrize(
    "piece",
    [
        "{#",
        "{{",
        "{{{",
        "*|",
        "*|A",
        "%%A",
        "[[A",
        "{!A",
        "<%A",
        "##",
        "$[A",
        "{%if ",
        "[a ",
        "{{ ",
    ],
)
def test_no_source_takes_long(piece: str) -> None:
    source = piece * (256 * 1024 // len(piece))
    assert effort_ms(lambda: found(source), below=2_000) < 2_000

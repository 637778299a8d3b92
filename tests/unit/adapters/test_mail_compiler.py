# SPDX-License-Identifier: Apache-2.0
"""What becomes of content: the compiled mail, its text part, its findings, and what is sent."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.mail_compiler import MailCompiler
from chalicelib.adapters.split_mail import (
    PREFERENCES_MARK,
    UNSUBSCRIBE_MARK,
    Footer,
    Heads,
    Person,
)
from chalicelib.adapters.static_text import assemble
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.campaigns import Content
from chalicelib.domain.content import CompiledContent, ContentKind, FindingCode, Part
from chalicelib.errors import InputError
from chalicelib.ports.sending import Rendered
from infra.local import ses_template
from infra.local.demo_data import DEMO_BRAND

BASE = "https://mail.example.org"
COMPILER = MailCompiler(TemplateRenderer(), BASE)
FIELDS = frozenset({"first_name", "city"})
HEADS = Heads(unsubscribe=f"{BASE}/unsubscribe/", preferences=f"{BASE}/preferences/")
FOOTER = Footer.of(
    f'<p><a href="{HEADS.unsubscribe}{UNSUBSCRIBE_MARK}">x</a></p>',
    f"-- \n{HEADS.preferences}{PREFERENCES_MARK}\n",
)
HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"><title>T</title></head>\n<body>'
)
PAGE = (
    HEAD + "<h1>Hello {{ first_name | default('friend') }}</h1>\n"
    '{% if city == "Gävle" %}<p><a href="https://shop.example.org/goat?a=1&amp;b=2">The goat</a>'
    "</p>{% else %}<p>{ and }} and \\ stay.</p>{% endif %}\n"
    '<p><a href="https://shop.example.org/">https://shop.example.org/</a></p>\n'
    "{% for x in ['a', 'b'] %}<a href=\"https://shop.example.org/\">{{ x }}</a>\n{% endfor %}"
    '<a href="https://shop.example.org/for/{{ city | urlencode }}">Yours</a>\n'
    '<a href="{{ preferences_url }}">Choose</a></body></html>\n'
)
MJML = (
    "<mjml>\n<mj-head><mj-title>T</mj-title>"
    "<mj-style>.x { color: #222222 }</mj-style></mj-head>\n<mj-body>\n"
    "<mj-section><mj-column>\n<mj-text><h1>Hello {{ first_name | default('you') }}</h1></mj-text>\n"
    '{% if city %}<mj-button href="https://shop.example.org/a?b=c">Buy</mj-button>{% endif %}\n'
    '<mj-text><a href="https://shop.example.org/{{ city }}">x</a></mj-text>\n'
    "</mj-column></mj-section></mj-body></mjml>"
)


def compiled(html: str, *, subject: str = "News", **changes) -> CompiledContent:
    content = Content(subject=subject, html=html, **changes)
    return COMPILER.compile(content, DEMO_BRAND, "en", fields=FIELDS)


def refusal(html: str, **changes) -> InputError:
    with pytest.raises(InputError) as raised:
        compiled(html, **changes)
    return raised.value


def test_a_brand_whose_forms_have_many_fields_writes_mails():
    many = (f"field{n}" for n in range(200))
    content = Content(subject="News", html="<p>{{ field7 }}</p>")
    assert not COMPILER.compile(content, DEMO_BRAND, "en", fields=(*FIELDS, *many)).can_fail


def codes(found: CompiledContent) -> list[FindingCode]:
    return [each.code for each in found.findings]


def person(**values: str) -> Person:
    return Person(
        values={"brand": "Demo", "list": "Newsletter", "first_name": "", "city": ""} | values,
        footer=FOOTER,
        unsubscribe="u" * 66,
        preferences="p" * 66,
    )


def sent_by_ses(call, place: int) -> Rendered:
    data = json.loads(json.dumps(call.data[place], ensure_ascii=False))
    parts = (call.static.subject, call.static.html, call.static.text)
    subject, html, text = (ses_template.render(part, data) for part in parts)
    return Rendered(subject=subject, html=html, text=text)


def split(found: CompiledContent):
    return CampaignTemplates().split(found.subject, found.html, found.text, HEADS)


@pytest.mark.parametrize("kind", list(ContentKind))
def test_what_is_compiled_is_split_and_sent_without_a_byte_changed(kind):
    """The people of one call: measured and not, in either branch, with odd values."""
    source = PAGE if kind is ContentKind.HTML else MJML
    found = compiled(source, subject="For {{ first_name }} å 😀", kind=kind)
    mail = split(found)
    people = [
        (person(first_name="Ada", city="Gävle"), "m" * 87, '<img src="https://x/o/1" alt="">'),
        (person(city="{{o}} <&\\"), "c" * 87, ""),
        (person(first_name="}}", city="x"), "n" * 87, '<img src="https://x/o/2" alt="">'),
    ]
    call = mail.call([mail.finish(mail.prepare(x), token=t, pixel=p) for x, t, p in people])
    for place, (reader, token, pixel) in enumerate(people):
        whole = mail.full(reader, token=token, pixel=pixel)
        assert assemble(call.static, call.data[place]) == whole
        assert sent_by_ses(call, place) == whole
        assert whole.html.count("<img src=") == (1 if pixel else 0)
        assert f"{BASE}/c/{token}AA" in whole.html
        assert whole.html.index("unsubscribe/u") < whole.html.index("</body>")
        if pixel:
            assert whole.html.index(pixel) < whole.html.index("</body>")
            assert pixel not in whole.text
    assert found.targets[0] == "https://shop.example.org/" + (
        "goat?a=1&b=2" if kind is ContentKind.HTML else "a?b=c"
    )


def test_counted_links_are_shared_text_and_not_personal_fragments():
    body = "".join(f'<p><a href="https://shop.example.org/{n}">Offer</a></p>\n' for n in range(27))
    found = compiled(f"{HEAD}<h1>Hi {{{{ first_name }}}}</h1>{body}</body></html>")
    mail = split(found)
    people = [person(first_name=name) for name in ("Ada", "Bo")]
    entries = [mail.finish(mail.prepare(x), token=x.values["first_name"], pixel="") for x in people]
    call = mail.call(entries)
    assert call.static.html.count("/c/{{m}}") == len(found.targets) == 27
    assert sorted(call.static.keys) == ["h0", "m", "t0"]


def test_an_authors_own_bytes_stay_without_style_sheets():
    found = compiled(PAGE)
    made = found.html.replace("{{ _o }}", "")
    counted = iter(("goat?a=1&amp;b=2", "", ""))
    made = re.sub(
        r"https://mail\.example\.org/c/\{\{ _m \}\}AA.",
        lambda _: f"https://shop.example.org/{next(counted)}",
        made,
    )
    assert made == PAGE.rstrip("\n")
    assert found.targets == ("https://shop.example.org/goat?a=1&b=2", "https://shop.example.org/")


def test_the_text_part_is_made_from_the_html_with_the_same_links():
    text = compiled(PAGE).text
    assert f"The goat ({BASE}/c/{{{{ _m }}}}AAA)" in text
    assert f"\n{BASE}/c/{{{{ _m }}}}AAE\n" in text  # Its words are its address.
    assert "Yours (https://shop.example.org/for/{{ city | urlencode }})" in text
    assert "Choose ({{ preferences_url }})" in text
    assert "{% for x in ['a', 'b'] %}" in text
    filled = split(compiled(PAGE)).full(person(), token="t", pixel="<img>")
    assert "{ and }} and \\ stay." in filled.text


def test_an_authors_text_stays_as_it_is():
    assert compiled(PAGE, text="Hi {{ city }} https://x.example.org").text == (
        "Hi {{ city }} https://x.example.org"
    )


def test_words_that_look_like_tags_stay_words():
    html = f"{HEAD}<h1>x</h1>&#123;&#123; a }}}} {{% raw %}}<b>{{{{ b }}}}</b>{{% endraw %}}</body>"
    mail = split(compiled(html)).full(person(), token="t", pixel="")
    assert "<b>{{ b }}</b>" in mail.html
    assert "{{ a }} {{ b }}" in mail.text


def test_a_link_in_a_raw_block_is_counted():
    html = (
        f'{HEAD}<h1>x</h1>{{% raw %}}<a href="https://a.example.org/">{{%</a>{{% endraw %}}</body>'
    )
    mail = split(compiled(html)).full(person(), token="t" * 87, pixel="<img>")
    assert f'<a href="{BASE}/c/{"t" * 87}AAA">{{%</a><img>' in mail.html
    assert f"{{% ({BASE}/c/{'t' * 87}AAA)" in mail.text


def test_a_variable_set_in_the_head_is_known_in_the_text():
    html = HEAD.replace("<title>", "{% set n = first_name | d('you') %}<title>")
    assert compiled(f"{html}<h1>Hi {{{{ n }}}}</h1></body></html>").text == (
        "{% set n = first_name | d('you') %}Hi {{ n }}"
    )


def test_what_a_mail_lacks_is_added_and_told():
    found = compiled(
        "\n<h1>Hi</h1><table><tr><td>a</td></tr></table>{% if city %}</body>{% endif %}"
    )
    assert found.html == (
        '<html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">\n<h1>Hi</h1>'
        '<table role="presentation"><tr><td>a</td></tr></table>'
        "{% if city %}</body>{% endif %}{{ _o }}"
    )
    assert codes(found) == [FindingCode.LAYOUT_TABLE_UNMARKED, FindingCode.HEAD_INCOMPLETE]
    dark = compiled("<html><head></head><body><h1 style='color:#111'>Hi</h1></body></html>").html
    assert dark.startswith('<html lang="en"><head><meta name="viewport"')
    assert '<meta name="color-scheme" content="light"></head>' in dark
    assert dark.endswith("</h1>{{ _o }}</body></html>")
    doctype = compiled("<!DOCTYPE html><body lang=sv><h1>Hi</h1></body>").html
    assert doctype.startswith("<!DOCTYPE html><meta name=")


def test_mjml_is_compiled_and_its_authors_line_named_where_it_can_be():
    found = compiled(MJML, kind=ContentKind.MJML)
    assert found.targets == ("https://shop.example.org/a?b=c",)
    assert "<mj-" not in found.html
    assert 'lang="en"' in found.html
    (told,) = found.findings
    assert (told.code, told.line) == (FindingCode.LINK_NOT_COUNTED, 7)
    assert '<meta name="color-scheme" content="light' in found.html


def test_style_sheets_are_written_into_elements():
    found = compiled(HEAD.replace("<title>", "<style>h1 { color: #111111 }</style><title>")
                     + '<h1>x</h1>\n<a href="x">y</a></body></html>')  # fmt: skip
    assert '<h1 style="color: #111111;">' in found.html
    assert [(x.code, x.line) for x in found.findings if x.code is FindingCode.LINK_INCOMPLETE] == [
        (FindingCode.LINK_INCOMPLETE, 3)
    ]


def test_a_clean_mail_has_no_findings():
    assert compiled(f"{HEAD}<h1>Hi {{{{ first_name }}}}</h1></body></html>").findings == ()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("<p>\n{{ .Subscriber.Name }}", 2),
        ("{% unsubscribe %}", 1),
        ("\n\n{{${first_name}}}", 3),
        ("a\n{{ contact.first_name }}", 2),
        ("<mjml>{{ contact.first_name }}", 1),
    ],
)
def test_a_tag_of_another_tool_in_the_way_is_what_is_told(source, line):
    error = refusal(f"{source}")
    assert error.code == "foreign_merge_tag"
    assert error.detail.startswith(f"Line {line} of the HTML: ")


def test_a_tag_of_another_tool_that_jinja_leaves_alone_is_an_error_told_once():
    found = compiled(f"{HEAD}<h1>*|FNAME|*</h1>\n%FIRSTNAME%</body></html>", subject="Hi *|FNAME|*")
    told = [x for x in found.findings if x.code is FindingCode.FOREIGN_MERGE_TAG]
    assert [(x.part, x.line, x.times) for x in told] == [
        (Part.SUBJECT, 1, 1),
        (Part.HTML, 3, 1),
        (Part.HTML, 4, 1),
    ]


def test_a_tag_of_another_tool_that_only_the_filled_mail_shows_is_an_error():
    (found,) = compiled(f"{HEAD}<h1>{{{{ '*|' }}}}FNAME|*</h1></body></html>").findings
    assert (found.code, found.line) == (FindingCode.FOREIGN_MERGE_TAG, None)


def test_names_nobody_has_are_told_and_without_a_fallback_refused():
    found = compiled(f"{HEAD}<h1>{{{{ frist_name | d('you') }}}}</h1></body></html>")
    assert [(x.code, x.line) for x in found.findings] == [(FindingCode.UNKNOWN_FIELD, 3)]
    error = refusal(f"{HEAD}<h1>{{{{ frist_name }}}}</h1></body></html>")
    assert error.detail.startswith("Line 3 of the HTML: 'frist_name' is undefined")


def test_a_sender_nobody_reads_is_an_error():
    brand = replace(DEMO_BRAND, from_address="no-reply@example.org")
    content = Content(subject="x", html=f"{HEAD}<h1>x</h1></body></html>")
    (found,) = COMPILER.compile(content, brand, "en", fields=FIELDS).findings
    assert found.code is FindingCode.NO_REPLY_SENDER


def test_the_size_is_that_of_the_mail_with_its_footer():
    words = "word " * 20_300
    found = compiled(f"{HEAD}<h1>x</h1>{words}</body></html>")
    assert codes(found) == [FindingCode.OVER_102_KB]
    assert len(found.html) < 102_000


def test_what_grows_too_large_is_refused_with_a_reason():
    error = refusal("<h1>x</h1>" + '<a href="https://a.example/">x</a>' * 4_000)
    assert error.detail == (
        "The HTML: It grows larger than 256 KiB when it is compiled. Shorten it."
    )


def test_a_subject_nobody_can_get_is_refused():
    assert (
        refusal("<p>x</p>", subject="{{ first_name | d('') | lower }}" * 80).code == "bad_subject"
    )


def test_the_same_content_compiles_to_the_same():
    assert compiled(PAGE) == compiled(PAGE)
    other = MailCompiler(TemplateRenderer(), BASE)
    content = Content(subject="News", html=MJML, kind=ContentKind.MJML)
    assert other.compile(content, DEMO_BRAND, "sv", fields=FIELDS) == COMPILER.compile(
        content, DEMO_BRAND, "sv", fields=FIELDS
    )


def test_a_personal_subject_can_fail_and_one_with_the_brand_cannot():
    assert compiled("<h1>x</h1>", subject="For {{ first_name | d('you') }}").can_fail
    assert not compiled("<h1>x</h1>", subject="News of {{ brand }}").can_fail


def test_what_sends_mail_loads_no_compiler():
    code = (
        "import sys\n"
        "import chalicelib.adapters.campaign_templates, chalicelib.adapters.templates\n"
        "import chalicelib.adapters.split_mail, chalicelib.adapters.ses\n"
        "import chalicelib.services.runs, chalicelib.services.composer\n"
        "late = ('mjml', 'css_inline', 'chalicelib.adapters.mail_compiler')\n"
        "print([name for name in late if name in sys.modules])\n"
        "import chalicelib.adapters.mail_compiler\n"
        "print([name for name in late[:2] if name in sys.modules])\n"
    )
    result = subprocess.run(
        (sys.executable, "-B", "-c", code), capture_output=True, text=True, check=False
    )
    assert result.stdout == "[]\n[]\n", result.stdout + result.stderr

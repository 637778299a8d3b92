# SPDX-License-Identifier: Apache-2.0
"""A split mail: what is shared, what is personal, what is sealed, and what it falls back to."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.split_mail import (
    PREFERENCES_MARK,
    UNSUBSCRIBE_MARK,
    Call,
    Footer,
    Heads,
    Person,
    SplitMail,
)
from chalicelib.adapters.split_tree import MAX_FRAGMENTS
from chalicelib.adapters.static_text import Slot, assemble, merged, seal_static
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.sending import Rendered
from infra.local import ses_template
from infra.local.demo_data import DEMO_BRAND
from tests.support.effort import effort_ms
from tests.support.whole_mails import RENDERER, whole_mail

HEADS = Heads(
    unsubscribe="https://mail.example.org/unsubscribe/",
    preferences="https://mail.example.org/preferences/",
)

OURS = {"brand": DEMO_BRAND, "list": "Newsletter"}
TOKEN = "m" * 87
PIXEL = '<img src="https://mail.example.org/o/x" alt="">'
LONG = "Here is what is new this month. "


def footer(language: str = "en") -> Footer:
    data = OURS | {
        "language": language,
        "unsubscribe_url": HEADS.unsubscribe + UNSUBSCRIBE_MARK,
        "preferences_url": HEADS.preferences + PREFERENCES_MARK,
    }
    return Footer.of(
        RENDERER.page("emails/campaign_footer.html", data),
        RENDERER.page("emails/campaign_footer.txt", data),
    )


FOOTER = footer()


def person(number: int = 0, footer: Footer = FOOTER, **values: Any) -> Person:
    return Person(
        values={"first_name": "Ada", "brand": DEMO_BRAND.name, "list": "Newsletter"} | values,
        footer=footer,
        unsubscribe=f"u{number:065}",
        preferences=f"p{number:065}",
    )


def split(html: str, *, subject: str = "News", text: str | None = None) -> SplitMail:
    return CampaignTemplates().split(subject, html, text, HEADS)


def call_for(mail: SplitMail, *people: Person, token: str = TOKEN, pixel: str = "") -> Call:
    return mail.call([mail.finish(mail.prepare(x), token=token, pixel=pixel) for x in people])


def by_ses(call: Call, place: int = 0) -> Rendered:
    parts = (call.static.subject, call.static.html, call.static.text)
    subject, html, text = (ses_template.render(part, call.data[place]) for part in parts)
    return Rendered(subject=subject, html=html, text=text)


PAGE = (
    "<!doctype html><html><head><style>@media(width){p{color:red}}</style></head><body>\n"
    f"<h1>Hello {{{{ first_name | default('friend') }}}}</h1>\n<p>{LONG}</p>\n"
    f"{{% if city %}}<p>In {{{{ city }}}}</p>{{% endif %}}<p>{LONG}</p>\n"
    '<a href="{{ preferences_url }}">Yours</a>{% for x in items %}<i>{{ x }}</i>{% endfor %}'
    "</body></html>"
)


def test_split_people_get_what_today_s_renderer_gives_each_of_them() -> None:
    mail = split(PAGE, subject="For {{ first_name }}")
    people = [
        person(0, city="Gävle", items=["a", "{{b}}"]),
        person(1, first_name="<Björn> \\ 😀", city="", items=[]),
        person(2, footer("sv"), city="}}", items=["{"]),
    ]
    call = call_for(mail, *people)
    for place, who in enumerate(people):
        expected = whole_mail(
            "For {{ first_name }}",
            PAGE,
            None,
            OURS
            | {
                "language": "sv" if place == 2 else "en",
                "attributes": who.values,
                "unsubscribe_url": HEADS.unsubscribe + who.unsubscribe,
                "preferences_url": HEADS.preferences + who.preferences,
            },
        )
        assert by_ses(call, place) == assemble(call.static, call.data[place]) == expected
        assert mail.full(who, token=TOKEN, pixel="") == expected


def test_what_is_shared_stands_in_the_template_once() -> None:
    call = call_for(split(PAGE), person(0, city="x", items=[]), person(1, city="y", items=[]))
    assert call.static.html.count(LONG) == 2
    assert "Hello Ada" in call.static.html  # The same for both, so it is no data.
    assert DEMO_BRAND.postal_address in call.static.html
    assert call.static.subject == "News"
    assert "{{u}}" in call.static.html
    assert "{{p}}" in call.static.text
    assert set(call.data[0]) == {"h1", "t1", "u", "p", "z0"}
    assert call.data[0]["z0"] == "}}"
    assert call.data[0]["h1"] == "<p>In x</p>"
    assert all(isinstance(value, str) for data in call.data for value in data.values())


def test_one_person_s_call_keeps_what_is_personal_out_of_the_template() -> None:
    call = call_for(split(PAGE, subject="For {{ first_name }}"), person(city="x", items=[]))
    assert "Ada" not in call.static.html + call.static.text + call.static.subject
    assert call.data[0]["s"] == "For Ada"


def test_readers_of_several_languages_carry_their_footers_as_data() -> None:
    people = [person(0), person(1, footer("fr"))]
    call = call_for(split("<p>x</p>"), *people)
    assert (call.static.html, call.static.text) == ("<p>x</p>{{f}}", "x\n\n{{g}}")
    for place, who in enumerate(people):
        assert who.unsubscribe in call.data[place]["f"]
        assert who.preferences in call.data[place]["g"]
    assert "Se désabonner" in call.data[1]["f"] or 'lang="fr"' in call.data[1]["f"]


def test_counted_links_and_the_pixel_take_the_values_chosen_last_everywhere() -> None:
    source = (
        f'<a href="/c/{{{{ _m }}}}001">{LONG}</a>{{% if city %}}<a href="/c/{{{{ _m }}}}002">'
        "{{ city }}</a>{{ _o }}{% endif %}{{ _o }}"
    )
    mail = split(source, text="/c/{{ _m }}001 {% if city %}/c/{{ _m }}002{% endif %} {{ _o }}")
    fragments = mail.prepare(person(city="x"))
    for token, pixel in ((TOKEN, PIXEL), ("n" * 87, "")):
        call = mail.call([mail.finish(fragments, token=token, pixel=pixel)])
        sent = by_ses(call)
        assert sent == mail.full(person(city="x"), token=token, pixel=pixel)
        assert sent.html.count(token) == 2
        assert sent.text.count(token) == 2
        assert sent.html.count("<img") == (2 if pixel else 0)
        assert "<img" not in sent.text


def test_people_who_share_the_campaign_s_token_carry_none() -> None:
    mail = split(f'<a href="/c/{{{{ _m }}}}001">{LONG}</a>{{{{ _o }}}}')
    call = call_for(mail, person(0), person(1))
    assert f"/c/{TOKEN}001" in call.static.html
    assert set(call.data[0]) == {"u", "p"}


@pytest.mark.parametrize(
    "use", ["{{ _m | upper }}", "{% if _m %}x{% endif %}", "{% set _m = 'x' %}", "{{ _m ~ 'x' }}"]
)
def test_our_own_names_are_shown_and_never_used(use: str) -> None:
    with pytest.raises(InputError, match="underscore"):
        split(use)
    with pytest.raises(InputError, match="underscore"):
        split("x", text=use)
    with pytest.raises(InputError, match="underscore"):
        split("x", subject="{{ _m }}")
    with pytest.raises(InputError, match="underscore"):
        CampaignTemplates().render("s", "{{ _m }}", None, values={}, footer_html="", footer_text="")


def test_a_source_s_own_names_are_not_taken_for_ours() -> None:
    source = (
        "{% set unsubscribe_url = 'mine' %}{{ unsubscribe_url }} "
        + LONG
        + "{% for preferences_url in items %}{{ preferences_url }}{% endfor %}"
    )
    call = call_for(split(source), person(items=["theirs"]))
    assert by_ses(call).html.startswith(f"mine {LONG}theirs<div")


def test_a_variable_keeps_its_meaning_between_fragments() -> None:
    source = (
        f"{{{{ city }}}}{LONG}{{% set x = city | title %}}{LONG}{{{{ x }}}}{LONG}"
        f"{{% if city %}}{{% set x = 'set inside' %}}{{% endif %}}{LONG}{{{{ x }}}}"
    )
    mail = split(source, text=source)
    call = call_for(mail, person(city="a"))
    assert by_ses(call) == mail.full(person(city="a"), token=TOKEN, pixel="")
    assert len([key for key in call.data[0] if key.startswith("h")]) == 4


def test_an_assignment_that_fails_fails_where_nothing_shows_it() -> None:
    mail = split(f"{LONG}{{% set x = missing | title %}}", text="x")
    with pytest.raises(InputError, match="'missing' is undefined") as raised:
        mail.prepare(person())
    with pytest.raises(InputError) as whole:
        mail.full(person(), token=TOKEN, pixel="")
    assert raised.value.detail == whole.value.detail


def test_an_error_names_the_part_and_the_line_of_the_source() -> None:
    mail = split(f"<p>\n{{{{ first_name }}}}{LONG}\n\n{{{{ last_name }}}}</p>", text="x")
    with pytest.raises(InputError, match=r"Line 4 of the HTML: 'last_name' is undefined.*default"):
        mail.prepare(person())
    with pytest.raises(InputError) as raised:
        split("x", subject="{{ first_name }}").prepare(person(first_name="a\nBcc: b@example.org"))
    assert raised.value.code == "bad_subject"
    with pytest.raises(InputError, match="plain data"):
        split("x").prepare(person(thing=object()))
    with pytest.raises(InputError):
        split("x", subject=" ")


def test_more_fragments_than_a_call_should_carry_are_joined() -> None:
    for filler, most in ((" " * 40, MAX_FRAGMENTS), (LONG * 3, MAX_FRAGMENTS), (LONG * 30, 60)):
        source = filler.join("{{ first_name }}{{ list }}" for _ in range(MAX_FRAGMENTS * 2))
        mail = split(source, text="x")
        call = call_for(mail, person(), person(1, first_name="Bo"))
        assert 1 <= len([key for key in call.data[0] if key.startswith("h")]) <= most
        assert by_ses(call, 1) == mail.full(person(1, first_name="Bo"), token=TOKEN, pixel="")


def test_short_text_between_two_values_joins_them() -> None:
    call = call_for(split(f"{LONG}{{{{ first_name }}}}, {{{{ city }}}}!"), person(city="Umeå"))
    assert call.data[0]["h0"] == "Ada, Umeå"


def test_the_text_part_is_tidy_across_its_fragments() -> None:
    text = (
        "\n {% if city %}x{% endif %} \n\n\n\n" + LONG + "\t\n \n{{ blank }}\n\n{% if city %}"
        "\n\n{{ city }} \n{% endif %}\n\n\xa0\n{{ unsubscribe_url }} \n\n\n {{ blank }} "
    )
    mail = split("x", text=text)
    for city in ("", "Luleå \n", "\n\n"):
        for blank in ("", " ", "\n"):
            who = person(city=city, blank=blank)
            sent = by_ses(call_for(mail, who))
            assert sent == mail.full(who, token=TOKEN, pixel="")
            assert " \n\n" not in sent.text.split("-- ")[0]
            assert "\n\n\n" not in sent.text.split("-- ")[0]


def test_a_mail_that_is_not_proven_is_split_no_more() -> None:
    mail = split(PAGE)
    who, other = person(city="x", items=[]), person(city="y", items=[])
    split_call = call_for(mail, who)
    assert mail.proves(split_call, who, token=TOKEN, pixel="")
    assert LONG in split_call.static.html
    prepared = mail.finish(mail.prepare(who), token=TOKEN, pixel="")
    assert not mail.proves(split_call, other, token=TOKEN, pixel="")
    whole_call = call_for(mail, who, person(1, city="z", items=[]))
    assert whole_call.static.html == "{{h0}}"
    assert by_ses(whole_call) == by_ses(split_call)
    with pytest.raises(FatalError):
        mail.call([prepared, mail.finish(mail.prepare(who), token=TOKEN, pixel="")])


def test_calls_that_share_the_same_share_a_template() -> None:
    mail = split(PAGE)
    calls = [
        call_for(mail, person(n, city="x", items=[]), person(n + 1, city="y", items=[]))
        for n in range(4)
    ]
    assert calls[0].static is calls[1].static
    for n in range(20):
        shared = {"first_name": f"A{n}", "city": "x", "items": []}
        call_for(mail, person(0, **shared), person(1, **shared))
    assert len(mail._statics) <= 8


def test_a_version_is_split_once_for_each_address_of_the_pages() -> None:
    templates = CampaignTemplates()
    first = templates.split("s", "x", None, HEADS)
    assert templates.split("s", "x", None, HEADS) is first
    assert templates.split("s", "x", None, replace(HEADS, unsubscribe="https://b/")) is not first
    for number in range(40):
        templates.split("s", f"x{number}", None, HEADS)
    assert len(templates._splits) <= 32
    with pytest.raises(InputError, match="256 KiB"):
        templates.split("s", "x" * (256 * 1024 + 1), None, HEADS)


@pytest.mark.parametrize("head", ["", "https://mail.example.org/?a=1&b=", "https://\ue000/", '"'])
def test_a_way_out_that_html_would_change_is_refused(head: str) -> None:
    with pytest.raises(FatalError):
        Heads(unsubscribe=head, preferences="https://mail.example.org/p/")


def test_a_mail_grows_to_half_a_mebibyte_and_no_further() -> None:
    loop = f"{{% for a in items %}}{'x' * 5_000}{{% endfor %}}"
    mail = split(f"{'y' * 10_000}{loop}{LONG}{{{{ city }}}}", text="x")
    call_for(mail, person(items=["a"] * 100, city=""))
    call_for(mail, person(items=["å"] * 100, city=""))
    for source in (f"{'y' * 30_000}{LONG}{loop}", f"{'y' * 30_000}{LONG}{loop}{loop}"):
        with pytest.raises(InputError, match="512 KiB"):
            split(source, text="x").prepare(person(items=["a"] * 100))
    links = "{% for a in items %}{% for b in items %}{{ _m }}{% endfor %}{% endfor %}"
    with pytest.raises(InputError, match="512 KiB"):
        split(links, text="x").prepare(person(items=["a"] * 100))


def test_links_alone_cannot_make_a_mail_grow_too_large() -> None:
    with pytest.raises(InputError, match="512 KiB"):
        split("{{ _m }}" * 4_000 + "x" * 200_000, text="x")


def test_an_error_of_the_whole_mail_alone_is_a_difference() -> None:
    mail = split(PAGE)
    call = call_for(mail, person(city="x", items=[]))
    assert not mail.proves(call, person(items=[]), token=TOKEN, pixel="")
    mixed = call_for(mail, person(city="x", items=[]), person(1, footer("de"), city="", items=[]))
    assert set(mixed.data[1]) == {"h0", "t0", "g"}


def test_reserved_characters_are_left_out_of_sources_and_values() -> None:
    source = "\ue000m\ue001{{ '\\ue002\\ue000o\\ue001' }}" + LONG + "{{ first_name }}{{ _m }}"
    mail = split(source, subject="\ue002{{ first_name }}", text="\ue002x{{ first_name }}\ue002")
    who = person(first_name="A\ue002da\ue000m\ue001", items={"\ue002": ["\ue002"]})
    sent = by_ses(call_for(mail, who, pixel=PIXEL))
    assert sent.html.startswith(f"mo{LONG}Adam{TOKEN}<div")
    assert sent.subject == "Adam"
    assert sent.text.startswith("xAdam\n\n")


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("a{", Slot("h0"), "}b"), "a{{z0}}{{h0}}{{z1}}b"),
        (("a\\", Slot("h0")), "a{{z0}}{{h0}}"),
        ((Slot("h0"), Slot("h1")), "{{h0}}{{h1}}"),
        (("{a} \\ {b}",), "{a} \\ {b}"),
        (("@media{p{x:y}}\n@media{q{x:y}}",), "@media{p{x:y{{z0}}\n@media{q{x:y{{z0}}"),
        (("\\{{x}}",), "{{z0}}x{{z1}}"),
        (("{", "{", Slot("u")), "{{z0}}{{u}}"),
    ],
)
def test_braces_and_backslashes_ses_could_read_are_constants(pieces: Any, expected: str) -> None:
    static = seal_static((), merged(pieces, {}), ())
    assert static.html == expected
    values = {"h0": "{{u}}", "h1": "}", "u": ""} | static.constants
    plain = "".join(x if isinstance(x, str) else values[x.key] for x in pieces)
    assert assemble(static, values).html == ses_template.render(static.html, values) == plain


def test_a_key_is_never_a_word_of_the_template_language() -> None:
    source = (LONG * 2).join(f"{{{{ first_name }}}}{{{{ '{n}' }}}}" for n in range(40))
    call = call_for(split(source), person(0, first_name="a}"), person(1, first_name="b"))
    assert all(key[0].isalpha() and not key[1:].strip("0123456789") for key in call.data[0])
    assert {"h39", "t39"} <= call.data[0].keys()


def test_a_missing_value_is_noticed_before_ses_would_fail_to_deliver_it() -> None:
    call = call_for(split(PAGE), person(city="x", items=[]))
    with pytest.raises(KeyError):
        assemble(call.static, {})
    with pytest.raises(ses_template.RenderingError):
        ses_template.render(call.static.html, {})


@pytest.mark.parametrize("piece", ["{{ a }}", "{", "}}", "\\", "{% raw %}{{{% endraw %}", "\n \n"])
def test_no_source_makes_splitting_slow(piece: str) -> None:
    source = piece * (4_000 if "a" in piece else 50_000)

    def run() -> None:
        with contextlib.suppress(InputError):
            call_for(split(source, text=source), person(a="x"), person(1, a="y"))

    assert effort_ms(run, below=5_000) < 5_000

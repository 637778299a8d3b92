# SPDX-License-Identifier: Apache-2.0
"""The frozen document of content: one form, read back whole, and the form before it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.content import CompiledContent, ContentKind
from chalicelib.domain.content_document import (
    Aim,
    FrozenContent,
    dump_content,
    frozen,
    load_content,
)
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError, InputError
from chalicelib.proof import canonical

COMPILED = CompiledContent(
    subject="Hej {{ first_name }} 😀",
    html='<a href="https://mail.example.org/c/{{ _m }}AAA">å\u2028\x7f"</a>',
    text="a\nb\t\x01",
    targets=("https://shop.example.org/",),
    language="sv",
    findings=(),
    can_fail=True,
)
AIM = Aim(
    list=ListId("newsletter"),
    purpose=PurposeId("news"),
    minimum_grade=Grade.B,
    segment={"all": [{"fact": "city", "in": ["Gävle", 3, True, None]}]},
)
FROZEN = frozen(COMPILED, ContentKind.MJML, "<mjml>å</mjml>", AIM, {"first_name", "city"})

texts = st.text(st.characters(exclude_categories=["Cs"]))
segments = st.none() | st.dictionaries(
    st.text(st.characters(max_codepoint=127)),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)
documents = st.builds(
    FrozenContent,
    kind=st.sampled_from(ContentKind),
    subject=texts,
    html=texts,
    text=st.none() | texts,
    source_html=texts,
    targets=st.lists(texts, max_size=3).map(tuple),
    list=st.none() | texts,
    purpose=st.none() | texts,
    minimum_grade=st.none() | st.sampled_from(Grade),
    segment=segments,
    language=st.none() | texts,
    can_fail=st.booleans(),
    fields=st.none() | st.lists(texts).map(tuple),
)


def test_a_document_has_these_members_and_no_other():
    assert json.loads(dump_content(FROZEN)) == {
        "v": 2,
        "kind": "mjml",
        "subject": "Hej {{ first_name }} 😀",
        "html": COMPILED.html,
        "text": COMPILED.text,
        "source_html": "<mjml>å</mjml>",
        "targets": ["https://shop.example.org/"],
        "list": "newsletter",
        "purpose": "news",
        "minimum_grade": "B",
        "segment": {"all": [{"fact": "city", "in": ["Gävle", 3, True, None]}]},
        "language": "sv",
        "can_fail": True,
        "fields": ["city", "first_name"],
    }


@settings(max_examples=150, deadline=None)
@given(documents)
def test_a_document_is_canonical_and_reads_back_as_what_it_was(content):
    data = dump_content(content)
    assert data == canonical.encode(canonical.decode(data))
    assert load_content(data) == content


def test_a_document_that_names_no_fields_is_read():
    stored = json.loads(dump_content(FROZEN))
    del stored["fields"]
    assert load_content(json.dumps(stored).encode()) == replace(FROZEN, fields=None)


@pytest.mark.parametrize("text", [None, "Hi"])
def test_a_document_of_version_1_is_read(text):
    data = canonical.encode({"html": "<p>x</p>", "subject": "s", "text": text})
    assert load_content(data) == FrozenContent(
        subject="s", html="<p>x</p>", text=text, source_html="<p>x</p>"
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b'{"v":3}', b'{"v":2}', dump_content(FROZEN).replace(b"mjml", b"tar")],
)
def test_anything_else_is_refused(data):
    with pytest.raises(FatalError):
        load_content(data)


def test_what_has_no_single_form_is_refused():
    with pytest.raises(FatalError):
        dump_content(frozen(COMPILED, ContentKind.HTML, "", Aim(
            list=AIM.list, purpose=AIM.purpose, segment={"a": 1.5}), ()))  # fmt: skip
    with pytest.raises(InputError):
        dump_content(frozen(COMPILED, ContentKind.HTML, "\ud800", AIM, ()))

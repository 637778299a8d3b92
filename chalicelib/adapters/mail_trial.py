# SPDX-License-Identifier: Apache-2.0
"""Trying people's mails where most of a mail cannot fail: then the subject alone is made.

Guarantees that `SubjectTrial` answers only for those of whom `adapters.can_fail` says that the rest
of their mail can be made, and finds of the subject what `adapters.split_mail` finds. Of everybody
else it says that all of the mail has to be made.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import Template, meta, nodes

from chalicelib.adapters.can_fail import can_fail, most_bytes
from chalicelib.adapters.sandbox import MAX_SUBJECT_CHARS, Sandbox, fill, single_line
from chalicelib.adapters.split_mail import OWN_NAMES, Heads
from chalicelib.adapters.template_rules import MAX_VALUE_CHARS, plain
from chalicelib.domain.content_document import FrozenContent

SHORT_CHARS: Final = 40
"""As long as nearly everybody's name is at most."""
_TEXT: Final = {str}


class SubjectTrial:
    """`ports.campaign_mail.Trial` of one version of a content.

    Args:
        fields: names whose value everybody has, as text.
        token: stands for those of the ways out.

    Raises:
        InputError: the content breaks a rule of templates.
    """

    def __init__(
        self, content: FrozenContent, fields: Collection[str], heads: Heads, token: str
    ) -> None:
        self._subject = _subject(content, fields)
        self._ways = {
            "unsubscribe_url": heads.unsubscribe + token,
            "preferences_url": heads.preferences + token,
        }

    def passes(self, values: Mapping[str, object]) -> bool:
        """Say whether a mail of these values can be made; False: not without making all of it.

        Raises:
            InputError: it cannot be made.
        """
        texts = _texts(values)
        if self._subject is None or texts is None:
            return False
        if not self._subject.holds(texts):
            known = plain(texts)
            known.update(self._ways)
            single_line(fill(self._subject.template, "subject", known))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A subject ready to fill.

    Attributes:
        harmless: the names it reads, where it is one line of the right length whenever their values
            are of at most `SHORT_CHARS` printable characters of ASCII; None where it may not be.
    """

    template: Template
    harmless: frozenset[str] | None

    def holds(self, texts: Mapping[str, str]) -> bool:
        """Say of somebody that their subject can be made, without making it."""
        if self.harmless is None or not "".join(texts).isascii():
            return False
        for name in self.harmless:
            value = texts.get(name)
            if (
                value is None
                or len(value) > SHORT_CHARS
                or not (value.isascii() and value.isprintable())
            ):
                return False
        return max(map(len, texts.values())) <= MAX_VALUE_CHARS


def _texts(values: Mapping[str, object]) -> Mapping[str, str] | None:
    """Return values that are all text; None where one is not."""
    return values if set(map(type, values.values())) == _TEXT else None  # type: ignore[return-value]


def _subject(content: FrozenContent, fields: Collection[str]) -> _Subject | None:
    """Return the subject; None where more than it could fail for somebody."""
    if content.text is None:
        return None
    words = Sandbox(autoescape=False)
    html = Sandbox(autoescape=True).tree(content.html, "HTML", own=OWN_NAMES)
    text = words.tree(content.text, "text", own=OWN_NAMES)
    if can_fail(html, fields) or can_fail(text, fields):
        return None
    head = words.tree(content.subject, "subject")
    harmless = _harmless(head, fields)
    return _Subject(template=words.compiled(head, "subject"), harmless=harmless)


def _harmless(head: nodes.Template, fields: Collection[str]) -> frozenset[str] | None:
    """Return the names that a subject reads, where short and printable values can do no harm.

    The filters that `can_fail` knows make printable ASCII of printable ASCII.
    """
    names = frozenset(meta.find_undeclared_variables(head))
    most = most_bytes(head, fields, SHORT_CHARS)
    if not names <= set(fields) or most is None or most > MAX_SUBJECT_CHARS:
        return None
    written = [each.data for each in head.find_all(nodes.TemplateData)]
    constants = [str(each.value) for each in head.find_all(nodes.Const)]
    if not "".join(written + constants).isprintable() or not "".join(constants).isascii():
        return None
    always = (each for node in head.body if isinstance(node, nodes.Output) for each in node.nodes)
    says = any(isinstance(each, nodes.TemplateData) and each.data.strip() for each in always)
    return names if says else None

# SPDX-License-Identifier: Apache-2.0
"""A campaign's frozen content, ready to fill: what everybody gets stands in a call once.

What a person may be measured by is decided last, so a mail is made in two steps: `prepare` renders
all but that, and `call` puts it in. What `prepare` and `footer` return is read by their own
`MailVersion` alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from chalicelib.domain.content_document import FrozenContent
from chalicelib.ports.sending import InlineTemplate, Rendered

Footer: TypeAlias = object
Prepared: TypeAlias = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What one person's mail is made from.

    Attributes:
        values: what the content may read: str, int, bool, and lists and dicts of them.
        footer: of this person's language.
        unsubscribe: token of their way out.
        preferences: token of the way to their own choices.

    """

    values: Mapping[str, object]
    footer: Footer
    unsubscribe: str
    preferences: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A person's mail with what the last look decided.

    Attributes:
        link_token: what counted links carry: the person's own, or the campaign's.
        pixel: HTML that loads when the mail is opened, or "".

    """

    prepared: Prepared
    link_token: str
    pixel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One call's template and, in the order asked, everybody's data."""

    static: InlineTemplate
    data: tuple[Mapping[str, str], ...]


class MailVersion(Protocol):
    """One version of a campaign's content. Nothing here reads or writes anything outside."""

    def footer(self, data: Mapping[str, object]) -> Footer:
        """Return the footer for all who read one language.

        Args:
            data: ``language``, ``brand`` (`Brand`), ``list`` (its name), ``checkpoint``.

        """
        ...

    def prepare(self, reader: Reader) -> Prepared:
        """Return the person's mail but for what the last look decides.

        Raises:
            InputError: it cannot be rendered for this person.

        """
        ...

    def call(self, chosen: Sequence[Chosen]) -> Filled:
        """Return what carries 1 to 50 mails to SES.

        Raises:
            FatalError: some were prepared before the version was found to be split wrongly, and
                some after.

        """
        ...

    def whole(self, reader: Reader, *, link_token: str, pixel: str) -> Rendered:
        """Return ``reader``'s mail as SES would make it of a call to them alone.

        Raises:
            InputError: it cannot be rendered for this person.

        """
        ...

    def shown(self, values: Mapping[str, object], footer: Footer) -> Rendered:
        """Return a mail to be looked at: as `whole`, but nothing in it leads anywhere.

        There is no token in it, and no pixel of ours.

        Args:
            values: as of `Reader`.

        Raises:
            InputError: it cannot be rendered of these values.

        """
        ...

    def proves(self, filled: Filled, reader: Reader, chosen: Chosen) -> bool:
        """Say whether the first mail of a call is, to the byte, ``reader``'s rendered whole.

        Where it is not, the version is split no more in this process: prepare everybody again.
        """
        ...


class Trial(Protocol):
    """What could fail of the mails of one content, tried without making the rest of them."""

    def passes(self, values: Mapping[str, object]) -> bool:
        """Say whether a mail of these values can be made; False: not without making all of it.

        Args:
            values: as of `Reader`.

        Raises:
            InputError: it cannot be made.

        """
        ...


class CampaignMails(Protocol):
    """Makes versions."""

    def version(self, content: FrozenContent) -> MailVersion:
        """Return ``content`` ready to fill; the caller keeps it, since that takes a while.

        Raises:
            InputError: it breaks a rule of templates: it was frozen by code that had other rules.

        """
        ...

    def trial(self, content: FrozenContent, fields: Collection[str], token: str) -> Trial:
        """Return ``content`` ready to try; the caller keeps it, likewise.

        Args:
            fields: names that everybody has a value of.
            token: stands for those of the ways out.

        Raises:
            InputError: as `version` does.

        """
        ...

# SPDX-License-Identifier: Apache-2.0
"""Finds tags of other mailing tools that a mail brought along from there.

Guarantees that a tag on the list is found wherever it stands, in time proportional to the source,
and that nothing of a template of ours is taken for one: the names of fields that forms ask for,
those a template sets itself, and its remarks. The tags of a tool that writes them as ordinary
words (``-name-``, ``$First Name$``) are not on the list: a finding keeps a campaign from being
sent, so it must be right.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from chalicelib.domain.content import Finding, FindingCode, Part, finding

MAX_SHOWN: Final = 60
"""Characters of a tag that a finding shows."""

_WORDS: Final = (
    r"(?:FIRST_?NAME|LAST_?NAME|FULL_?NAME|F_?NAME|L_?NAME|NAME|E-?MAIL(?:_?ADDRESS)?|COMPANY"
    r"|UNSUBSCRIBE(?:_?(?:URL|LINK))?|USERID|WEBVERSION|WEBCOPY|PREFERENCES(?:_?URL)?"
    r"|SUBSCRIBER_?ID|VIEWINBROWSER|SIGNATURE|FOOTER|FORWARD(?:_?URL)?|SENDER-INFO)"
)
_ANY_CASE: Final = f"(?i:{_WORDS})"
_OWNERS: Final = (
    "account|company|contact|customer|event|lead|member|params|person|profile|recipient"
    "|site_settings|subscriber|subscription|system|user"
)
_NAMES: Final = (
    "mirror|unsubscribe|unsubscribe_link|unsubscribe_email|update_profile|web_view"
    "|view_in_browser|webversion|personalization_token|manage_preferences"
)
_GO: Final = "ArchiveURL|ManageURL|MessageURL|OptinURL|TrackLink|TrackView|UnsubscribeURL"
TOOLS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (tool, re.compile(pattern))
    for tool, pattern in (
        ("Mailchimp", r"\*\|[A-Za-z][^*{}\n]{0,199}\|\*"),
        ("listmonk", rf"\{{\{{-?\s*(?:\.[A-Z]\w*|(?:{_GO})\b)[^}}\n]{{0,99}}\}}\}}"),
        ("Braze", r"\{\{-?\s*\$\{[^}\n]{1,99}\}[^}\n]{0,99}\}\}"),
        ("Handlebars or Klaviyo", r"\{\{\{[^{}\n]{1,99}\}\}\}"),
        ("Mailjet", r"\{\{\s*(?:var|data):[^}\n]{1,99}\}\}"),
        (
            "Klaviyo",
            r"\{%-?\s*(?:unsubscribe|manage_preferences|web_view|current_\w+)\b[^%]{0,99}%\}",
        ),
        ("Liquid", r"\{%-?\s*(?:assign|capture|case|unless|connected_content)\b[^%]{0,99}%\}"),
        (
            "Mailgun",
            r"%(?:recipient\.[\w-]{1,99}|(?:mailing_list_|tag_)?unsubscribe_(?:url|email))%",
        ),
        ("ActiveCampaign", rf"%(?:{_WORDS}|UNSUBSCRIBELINK|FORWARD2FRIEND|SENDER-INFO)%"),
        ("Salesforce Marketing Cloud", r"%%(?:=|\[)?\s*[A-Za-z_@][^%\n]{0,99}%%"),
        ("Salesforce or AWeber", r"\{!\s*[A-Za-z][\w.$]{0,99}\}"),
        ("Mailjet or Omnisend", rf"\[\[\s*(?:(?:var|data):|(?:{_OWNERS})\.)[^\]\n]{{1,99}}\]\]"),
        (
            "Constant Contact or GetResponse",
            rf"\[\[\s*(?:[A-Z][A-Z0-9_]{{2,40}}|{_ANY_CASE})(?:\s+OR\s[^\]\n]{{1,99}})?\s*\]\]",
        ),
        ("MailerLite", r"\{\$[A-Za-z_][\w.|:' ]{0,99}\}"),
        ("Adobe Campaign", r"(?:<|&lt;)%[=@]?\s*[A-Za-z][^%\n]{0,99}%(?:>|&gt;)"),
        (
            "Mautic",
            (
                r"\{(?:(?:contactfield|leadfield|ownerfield|pagelink|assetlink)=[^}\n]{1,99}"
                r"|(?:unsubscribe|webview|resubscribe|dnc)_(?:text|url))\}"
            ),
        ),
        ("phpList", rf"\[{_WORDS}\]"),
        (
            "Campaign Monitor or Sendy",
            (
                r"\[[A-Za-z][\w ]{0,40},\s*fallback=[^\]\n]{0,99}\]"
                r"|\[(?:unsubscribe|webversion)\]"
                r"|</?(?:unsubscribe|webversion|forwardtoafriend|preferences)\b[^<>]{0,99}>"
            ),
        ),
        ("Zoho Campaigns", r"\$\[[A-Z][^\]\n]{0,99}\]\$"),
        ("Benchmark", r"\[contact_attribute:[^\]\n]{1,99}\]"),
        ("Apsis", rf"##(?:subscriber\.\w{{1,40}}|OptOut\w{{0,40}}|{_ANY_CASE})##"),
    )
)
_PERSONAL: Final = re.compile(
    rf"\{{\{{-?\s*\(?(?P<owner>{_OWNERS})(?:\.\s*\w|\[|\s*\|\s*lookup)[^}}\n]{{0,99}}\}}\}}"
    rf"|\{{\{{-?\s*(?P<name>{_NAMES})\b[^}}\n]{{0,99}}\}}\}}"
    rf"|\{{%-?\s*(?:if|elif|for\s+\w+\s+in|set\s+\w+\s*=)\s+(?:not\s+)?(?P<asked>{_OWNERS})"
    r"\.[^%\n]{1,99}%\}"
)
"""What other tools that use Jinja2 or Liquid call the person and the links."""
_PERSONAL_TOOLS: Final = "another tool (Brevo, HubSpot, Keila, Kit and Klaviyo write it so)"
_NOT_BREAK: Final = re.compile(r"[^\n]")
_BOUND: Final = re.compile(r"\{%-?\+?\s*(?:for|set)\s+(\w+(?:\s*,\s*\w+)*)\s*(?:in\b|=)")
_LEAVING: Final = re.compile(
    r"(?i)unsub|optout|optin|manage|mirror|web_?view|web_?(?:version|copy)"
)
_NAMING: Final = re.compile(r"(?i)f_?name|first_?name|namn")
_USE_FIELD: Final = "Write a field of your forms, as in {{ first_name | default('friend') }}."
_USE_OWN: Final = "Write a field that your forms ask for in {{ }}, or leave it out."
_LEAVE_OUT: Final = "Leave it out: the footer has the links that people need."


def foreign_tags(
    source: str, part: Part, declared: Collection[str] = (), *, lines: bool = True
) -> Iterator[Finding]:
    """Yield an error for each tag of another tool in ``source``, in order.

    Args:
        source: what the author wrote, before anything else reads it; or a mail as rendered.
        declared: names that a template of ours may use here.
        lines: whether the lines of ``source`` are the author's.
    """
    read = _without_remarks(source)
    end, line = 0, 1
    for start, length, tool in sorted(_found(read, frozenset(declared))):
        if start < end:  # Part of the tag before it.
            continue
        line += read.count("\n", end, start)
        tag = " ".join(read[start : start - length].split())
        shown = tag if len(tag) <= MAX_SHOWN else f"{tag[:MAX_SHOWN]}…"
        at = line if lines else None
        yield finding(FindingCode.FOREIGN_MERGE_TAG, part, at, shown, tool, _instead(tag))
        line += read.count("\n", start, start - length)
        end = start - length


def unknown_fields(
    used: Iterable[tuple[str, int]], part: Part, declared: Collection[str]
) -> Iterator[Finding]:
    """Yield a warning for each name a template reads that nobody can have.

    Args:
        used: (name, line) of the names that a template reads and does not set itself.
        declared: names that a template of ours may use here.
    """
    owners = frozenset(_OWNERS.split("|")) | frozenset(_NAMES.split("|"))
    for name, line in used:
        if name not in declared:
            hint = " It looks like a tag of another tool." if name in owners else ""
            yield finding(FindingCode.UNKNOWN_FIELD, part, line, name, hint)


def _without_remarks(source: str) -> str:
    """Return ``source`` with blanks in place of a template's remarks: nobody gets them."""
    pieces, start = [], 0
    while (opened := source.find("{#", start)) >= 0 and (end := source.find("#}", opened + 2)) >= 0:
        pieces += [source[start:opened], _NOT_BREAK.sub(" ", source[opened : end + 2])]
        start = end + 2
    return "".join([*pieces, source[start:]])


def _found(source: str, declared: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    """Yield (offset, length below zero, tool): sorted, the longest of one place comes first."""
    for tool, pattern in TOOLS:
        for tag in pattern.finditer(source):
            yield tag.start(), -len(tag[0]), tool
    known: frozenset[str] | None = None
    for tag in _PERSONAL.finditer(source):
        if known is None:
            bound = (names for names in _BOUND.findall(source))
            known = declared | {name.strip() for names in bound for name in names.split(",")}
        if (tag["owner"] or tag["name"] or tag["asked"]) not in known:
            yield tag.start(), -len(tag[0]), _PERSONAL_TOOLS


def _instead(tag: str) -> str:
    """Return what to write instead of a tag."""
    if _LEAVING.search(tag):
        return _LEAVE_OUT
    return _USE_FIELD if _NAMING.search(tag) else _USE_OWN

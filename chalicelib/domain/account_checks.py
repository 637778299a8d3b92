# SPDX-License-Identifier: Apache-2.0
"""Checks of what SES says of the account, of the identity and of where its events go.

Guarantees that what SES did not say is `UNKNOWN`, never a fault of the operator.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.domain.breakers import Level, Note
from chalicelib.domain.deliverability import Check, DnsRecord
from chalicelib.domain.deliverability_words import said
from chalicelib.domain.sender_facts import (
    ABSENT,
    AccountFacts,
    IdentityFacts,
    MaybeDestinations,
    MaybeSet,
    Sender,
    SetFacts,
)

NAMED: Final = 5
"""Domains that a sentence names; the page lists all of them."""
HOUR_MS: Final = 3_600_000
CLOCKS_MS: Final = 600_000
"""SES tells when it took a mail by a clock of its own, before we note that it did."""
EVENT_TYPES: Final = (
    *("SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"),
    "RENDERING_FAILURE",
)
"""What becomes of mails; without any one of them an outcome stays unknown."""
TRACKING: Final = frozenset({"OPEN", "CLICK"})
SUPPRESSING: Final = ("BOUNCE", "COMPLAINT")
_BY_ERROR: Final = {
    "HOST_NOT_FOUND": "identity_host_not_found",
    "TYPE_NOT_FOUND": "identity_type_not_found",
    "INVALID_VALUE": "identity_invalid_value",
    "DNS_SERVER_ERROR": "identity_dns_error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was sent of late, and heard of.

    Attributes:
        people: planned in the largest campaign.
        sent_ms: when a campaign mailed somebody last; None: none did.
        event_ms: time of the latest event ever kept; None: none ever was.
    """

    people: int = 0
    sent_ms: int | None = None
    event_ms: int | None = None

    def is_silent(self, now_ms: int) -> bool:
        """Say whether mails were sent more than an hour ago and nothing was heard since."""
        if self.sent_ms is None or now_ms - self.sent_ms <= HOUR_MS:
            return False
        return self.event_ms is None or self.event_ms < self.sent_ms - CLOCKS_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What answers at an address.

    Attributes:
        url: that was asked.
        first_line: of what came back; None: it could not be reached.
    """

    url: str
    first_line: str | None = None


def sending(name: str, account: AccountFacts | None, found: MaybeSet) -> Check:
    """Whether SES sends at all.

    Args:
        name: of the configuration set.
        found: the set.
    """
    if account is not None:
        if account.enforcement == "SHUTDOWN":
            return said("sending_shut_down")
        if not account.sending:
            return said("sending_paused")
    if found is ABSENT:
        return said("sending_set_missing", set=name)
    if isinstance(found, SetFacts) and not found.sending:
        return said("sending_set_paused", set=name)
    if account is None or found is None:
        return said("sending_unknown")
    return said("sending_probation" if account.enforcement == "PROBATION" else "sending_ok")


def production_access(account: AccountFacts | None) -> Check:
    """Whether the account may write to anybody."""
    if account is None:
        return said("production_unknown")
    return said("production_ok" if account.production else "production_sandbox")


def quota(account: AccountFacts | None, heard: Heard | None) -> Check:
    """Whether what is left of the day is enough for a campaign as large as the largest of late."""
    if account is None:
        return said("quota_unknown")
    people = heard.people if heard else 0
    if account.per_day is None:
        return said("quota_unlimited")
    left = max(0, account.per_day - account.sent)
    if left < people:
        return said("quota_short", left=left, people=people)
    return said("quota_ok", left=left)


def identity(sender: Sender) -> Check:
    """Whether SES lets the brand write from its address."""
    found = sender.identities
    if found is None:
        return said("identity_unknown", domain=sender.domain)
    if not found:
        return said("identity_none", address=sender.address, domain=sender.domain)
    verified = [each for each in found if each.verified]
    if verified:
        return said("identity_ok", identity=verified[0].name)
    signer = sender.signer
    if signer is None:
        return said("identity_address", identity=found[0].name, domain=sender.domain)
    code = _BY_ERROR.get(signer.error)
    if code is None:
        code = "identity_failed" if signer.status == "FAILED" else "identity_pending"
    return said(code, *dkim_records(signer), identity=signer.name)


def dkim_records(found: IdentityFacts) -> tuple[DnsRecord, ...]:
    """Return the records that carry an identity's keys; none when the key is the operator's own."""
    if found.dkim.own_key:
        return ()
    return tuple(
        DnsRecord(
            type="CNAME",
            name=f"{token}._domainkey.{found.name}",
            value=f"{token}.{found.dkim.zone}",
        )
        for token in found.dkim.tokens
    )


def events(name: str, destinations: MaybeDestinations, heard: Heard | None, now_ms: int) -> Check:
    """Whether what becomes of mails reaches us.

    Args:
        name: of the configuration set, and the beginning of the topic's.
        destinations: of the set.
        heard: None: that could not be read.
    """
    if destinations is ABSENT:
        return said("events_no_set", set=name)
    if not isinstance(destinations, tuple):
        return said("events_unknown")
    topic = f"{name}-ses-events"
    enabled = [each for each in destinations if each.enabled and each.topic]
    told = {kind for each in enabled for kind in each.types}
    missing = [kind for kind in EVENT_TYPES if kind not in told]
    if missing:
        return said("events_missing", types=", ".join(missing), set=name)
    ours = {kind for each in enabled if each.topic.endswith(f":{topic}") for kind in each.types}
    elsewhere = [kind for kind in EVENT_TYPES if kind not in ours]
    if elsewhere:
        return said("events_other_topic", types=", ".join(elsewhere), topic=topic)
    if heard is not None and heard.is_silent(now_ms):
        return said("events_silent", topic=topic)
    return said("events_ok")


def tracking(
    account: AccountFacts | None,
    found: MaybeSet,
    destinations: MaybeDestinations,
) -> Check:
    """Whether SES itself measures people, which no consent covers."""
    for each in destinations if isinstance(destinations, tuple) else ():
        if each.enabled and TRACKING.intersection(each.types):
            return said("tracking_events", destination=each.name)
    own = found.engagement if isinstance(found, SetFacts) else None
    if own or (own is None and account is not None and account.engagement):
        return said("tracking_engagement")
    if account is None or found is None or destinations is None:
        return said("tracking_unknown")
    return said("tracking_off")


def suppression(account: AccountFacts | None, found: MaybeSet) -> Check:
    """Whether SES stops mail to addresses that bounced or complained, as a second net."""
    own = found.suppressed if isinstance(found, SetFacts) else None
    if own is None and (account is None or found is None):
        return said("suppression_unknown")
    reasons = own if own is not None else (account.suppressed if account else ())
    missing = [reason for reason in SUPPRESSING if reason not in reasons]
    if missing:
        return said("suppression_partial", reasons=", ".join(missing))
    return said("suppression_ok")


def rates(notes: tuple[Note, ...] | None) -> Check:
    """Whether so much came back from a recipient domain that mail to it is held back, or nearly.

    Args:
        notes: the stops and warnings that stand; None: they cannot be read now.
    """
    if notes is None:
        return said("rates_unknown")
    for level, code in ((Level.STOP, "rates_stopped"), (Level.WARN, "rates_near")):
        names = sorted(note.name for note in notes if note.level is level)
        if names:
            rest = ("…",) if len(names) > NAMED else ()
            return said(code, domains=", ".join((*names[:NAMED], *rest)))
    return said("rates_ok")


def one_click(page: Page, origin: str) -> Check:
    """Whether the page behind the link that unsubscribes can be reached, and is ours.

    Args:
        page: a page that names the log it belongs to in its first line.
        origin: of our log.
    """
    if not page.url.startswith("https:"):
        return said("one_click_local")
    if page.first_line is None:
        return said("one_click_unreachable", url=page.url)
    if origin not in page.first_line:
        return said("one_click_other", url=page.url)
    return said("one_click_ok")

# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at, in memory: an account and an identity with which all is right.

`MemorySenderFacts` tells what a test wrote into it; a source in `silent` does not answer, and one
in `busy` says so many times that it is asked too often.
"""

from collections import Counter
from typing import TypeVar

from chalicelib.domain.account_checks import EVENT_TYPES, SUPPRESSING
from chalicelib.domain.sender_facts import (
    AccountFacts,
    Destination,
    DkimFacts,
    IdentityFacts,
    MailFromFacts,
    SetFacts,
)
from chalicelib.errors import Throttled, Unavailable
from infra.local.dns_zone import Zone
from infra.local.ses_identity import Identity, records

REGION = "eu-north-1"
SET = "kvitto"
DOMAIN = "example.org"

T = TypeVar("T")

ACCOUNT = AccountFacts(
    production=True,
    sending=True,
    enforcement="HEALTHY",
    per_day=50_000,
    sent=0,
    suppressed=SUPPRESSING,
    engagement=False,
)
DESTINATION = Destination(
    name="events",
    enabled=True,
    types=EVENT_TYPES,
    topic=f"arn:aws:sns:{REGION}:123456789012:{SET}-ses-events",
)


def identity(name: str = DOMAIN) -> IdentityFacts:
    """Return an identity with which all is right."""
    known = Identity(name=name)
    return IdentityFacts(
        name=name,
        verified=True,
        status="SUCCESS",
        dkim=DkimFacts(signing=True, status="SUCCESS", tokens=known.tokens, bits=2048),
        mail_from=MailFromFacts(domain=f"bounce.{name}", status="SUCCESS", rejects=False),
    )


def plant(zone: Zone, name: str = DOMAIN) -> None:
    """Let DNS say what it should of an identity with which all is right."""
    for found in records(Identity(name=name, mail_from_domain=f"bounce.{name}"), REGION):
        zone.plant(found.name, found.type, found.values)


class MemorySenderFacts:
    """The `SenderFacts` port."""

    def __init__(self) -> None:
        self.told = ACCOUNT
        self.identities = {DOMAIN: identity()}
        self.sets = {SET: SetFacts(name=SET, sending=True)}
        self.events = {SET: (DESTINATION,)}
        self.silent: set[str] = set()
        self.busy: Counter[str] = Counter()
        self.calls: list[str] = []

    def account(self) -> AccountFacts:
        return self._say("account", self.told)

    def identity(self, name: str) -> IdentityFacts | None:
        return self._say("identity", self.identities.get(name))

    def configuration_set(self, name: str) -> SetFacts | None:
        return self._say("configuration_set", self.sets.get(name))

    def destinations(self, name: str) -> tuple[Destination, ...] | None:
        return self._say("destinations", self.events.get(name))

    def _say(self, source: str, told: T) -> T:
        self.calls.append(source)
        if self.busy[source] > 0:
            self.busy[source] -= 1
            raise Throttled(f"{source}: too many requests")
        if source in self.silent:
            raise Unavailable(f"{source}: no answer")
        return told


class MemoryOwnPage:
    """The `OwnPage` port; `line` is what every address answers with."""

    def __init__(self, line: str | None) -> None:
        self.line = line
        self.asked: list[str] = []

    def first_line(self, url: str) -> str | None:
        self.asked.append(url)
        return self.line

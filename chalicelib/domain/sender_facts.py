# SPDX-License-Identifier: Apache-2.0
"""What SES says of an account, of who may write from it, and of where its events go.

Values that SES spells in capitals stay so.
Source: SES API reference v2, GetAccount, GetEmailIdentity, GetConfigurationSet,
GetConfigurationSetEventDestinations.
"""

from dataclasses import dataclass
from enum import Enum


class Absent(Enum):
    """What SES does not have; None, in its place, is what it did not say."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """An account in a Region.

    Attributes:
        per_day: mails it may send in 24 hours; None: SES sets no limit.
        enforcement: ``HEALTHY``, ``PROBATION`` or ``SHUTDOWN``.
        suppressed: why addresses are put on its suppression list: ``BOUNCE``, ``COMPLAINT``.
        engagement: whether Virtual Deliverability Manager measures opens and clicks.
    """

    production: bool
    sending: bool
    enforcement: str
    per_day: int | None
    sent: int
    suppressed: tuple[str, ...]
    engagement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimFacts:
    """How mails of an identity are signed.

    Attributes:
        status: ``SUCCESS``, ``PENDING``, ``FAILED``, ``TEMPORARY_FAILURE`` or ``NOT_STARTED``.
        tokens: of Easy DKIM: each is the name of a record and of what it leads to.
        zone: where the records lead to.
        own_key: the key is the operator's own, and SES holds only its private half.
        bits: length of the key; 0 when SES does not say.
    """

    signing: bool
    status: str
    tokens: tuple[str, ...] = ()
    zone: str = "dkim.amazonses.com"
    own_key: bool = False
    bits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFromFacts:
    """The domain bounces of an identity's mails go to.

    Attributes:
        rejects: SES sends nothing while the domain cannot be used, instead of using its own.
    """

    domain: str
    status: str
    rejects: bool

    @property
    def is_used(self) -> bool:
        """Whether bounces go there, and not to SES's own domain."""
        return self.status == "SUCCESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFacts:
    """An address or a domain that SES knows as a sender.

    Attributes:
        name: the address or domain, lower-case.
        error: why SES could not verify it, in its own word; "" when it does not say.
    """

    name: str
    verified: bool
    status: str
    dkim: DkimFacts
    error: str = ""
    mail_from: MailFromFacts | None = None

    @property
    def is_address(self) -> bool:
        """Whether it is one address and no domain."""
        return "@" in self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """A configuration set.

    Attributes:
        suppressed: as of the account, and in its place; None: the account decides.
        engagement: likewise.
    """

    name: str
    sending: bool
    suppressed: tuple[str, ...] | None = None
    engagement: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where events of a configuration set go.

    Attributes:
        topic: ARN of an SNS topic; "" when they go elsewhere.
    """

    name: str
    enabled: bool
    types: tuple[str, ...]
    topic: str


MaybeSet = SetFacts | Absent | None
MaybeDestinations = tuple[Destination, ...] | Absent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes: a brand, and what SES knows of it.

    Attributes:
        address: the mails come from; ``domain`` is that of it, in lower-case A-labels.
        contact: address of the brand for people.
        region: Region of the account.
        identities: those found of the address, its domain and the domains above, in this order;
            None: SES did not say.
    """

    address: str
    domain: str
    contact: str
    region: str
    identities: tuple[IdentityFacts, ...] | None = None

    @property
    def signer(self) -> IdentityFacts | None:
        """The identity whose key signs: an address has none of its own but its domain's."""
        return next((each for each in self.identities or () if not each.is_address), None)

    @property
    def mail_from(self) -> MailFromFacts | None:
        """The domain bounces go to: that of the address itself comes first."""
        return next((each.mail_from for each in self.identities or () if each.mail_from), None)

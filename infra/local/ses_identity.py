# SPDX-License-Identifier: Apache-2.0
"""What the local SES account knows of an identity and of a configuration set, all of it settable.

It guarantees that an identity is right from the start: verified, signing, with keys of its own that
are the same at every start; `records` are what its domain's DNS then says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import Any

ZONE = "dkim.amazonses.com"
KEYS = 3
_TOKEN_CHARS = 32


@dataclass(slots=True, kw_only=True)
class Identity:
    """An address or a domain. Texts are those of the API."""

    name: str
    verified: bool = True
    status: str = "SUCCESS"
    error: str = ""
    signing: bool = True
    dkim_status: str = "SUCCESS"
    origin: str = "AWS_SES"
    zone: str = ZONE
    key_length: str = "RSA_2048_BIT"
    mail_from_domain: str = ""
    mail_from_status: str = "SUCCESS"
    on_mx_failure: str = "USE_DEFAULT_VALUE"

    @property
    def tokens(self) -> tuple[str, ...]:
        """Names of its keys; an address has none, and so has a domain with a key of its own."""
        if "@" in self.name or self.origin == "EXTERNAL":
            return ()
        return tuple(
            hashlib.sha256(f"{number} {self.name}".encode()).hexdigest()[:_TOKEN_CHARS]
            for number in range(KEYS)
        )

    def shown(self) -> dict[str, Any]:
        """Return what GetEmailIdentity says."""
        mail_from = {"BehaviorOnMxFailure": self.on_mx_failure}
        if self.mail_from_domain:
            mail_from |= {
                "MailFromDomain": self.mail_from_domain,
                "MailFromDomainStatus": self.mail_from_status,
            }
        return {
            "IdentityType": "EMAIL_ADDRESS" if "@" in self.name else "DOMAIN",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": self.verified,
            "VerificationStatus": self.status,
            "VerificationInfo": {"ErrorType": self.error} if self.error else {},
            "DkimAttributes": {
                "SigningEnabled": self.signing,
                "Status": self.dkim_status,
                "Tokens": list(self.tokens),
                "SigningHostedZone": self.zone,
                "SigningAttributesOrigin": self.origin,
                "CurrentSigningKeyLength": self.key_length,
            },
            "MailFromAttributes": mail_from,
            "Policies": {},
            "Tags": [],
        }


@dataclass(slots=True, kw_only=True)
class SetOptions:
    """What a configuration set says besides its destinations; None: the account decides."""

    sending: bool = True
    suppressed: list[str] | None = None
    engagement: str | None = None

    def shown(self, name: str) -> dict[str, Any]:
        """Return what GetConfigurationSet says."""
        said: dict[str, Any] = {
            "ConfigurationSetName": name,
            "SendingOptions": {"SendingEnabled": self.sending},
            "ReputationOptions": {"ReputationMetricsEnabled": False},
        }
        if self.suppressed is not None:
            said["SuppressionOptions"] = {"SuppressedReasons": self.suppressed}
        if self.engagement is not None:
            said["VdmOptions"] = {"DashboardOptions": {"EngagementMetrics": self.engagement}}
        return said


@dataclass(slots=True, kw_only=True)
class Standing:
    """How SES stands to the account."""

    production_access: bool = True
    enforcement: str = "HEALTHY"
    vdm: str = "DISABLED"
    engagement: str = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecords:
    """Records of one name and type."""

    name: str
    type: str
    values: tuple[str, ...] = field(default=())


def records(identity: Identity, region: str) -> tuple[DomainRecords, ...]:
    """Return what the DNS of a domain says when all is right with it."""
    found = [
        DomainRecords(
            name=f"{token}._domainkey.{identity.name}",
            type="CNAME",
            values=(f"{token}.{identity.zone}",),
        )
        for token in identity.tokens
    ]
    if identity.mail_from_domain:
        mx = f"10 feedback-smtp.{region}.amazonses.com"
        spf = "v=spf1 include:amazonses.com ~all"
        found.append(DomainRecords(name=identity.mail_from_domain, type="MX", values=(mx,)))
        found.append(DomainRecords(name=identity.mail_from_domain, type="TXT", values=(spf,)))
    policy = f"v=DMARC1; p=reject; rua=mailto:postmaster@{identity.name}"
    found.append(DomainRecords(name=f"_dmarc.{identity.name}", type="TXT", values=(policy,)))
    return tuple(found)


def change(known: Identity | SetOptions | Standing, members: dict[str, Any]) -> None:
    """Set members of what is known.

    Raises:
        ValueError: there is no such member, or its value is of another kind.
    """
    names = {each.name for each in fields(known)} - {"name"}
    for name, value in members.items():
        if name not in names:
            raise ValueError(f"it has no {name}; it has {', '.join(sorted(names))}")
        present = getattr(known, name)
        if present is not None and type(value) is not type(present):
            raise ValueError(f"{name} is a {type(present).__name__}")
    for name, value in members.items():
        setattr(known, name, value)

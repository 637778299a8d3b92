# SPDX-License-Identifier: Apache-2.0
"""`ports.deliverability.SenderFacts` over SES v2: the account, identities and configuration sets.

Guarantees that what does not exist is told from what SES did not say, and that a member which an
answer lacks has SES's own default. It asks; it changes nothing.

Source: SES API reference v2, GetAccount, GetEmailIdentity, GetConfigurationSet,
GetConfigurationSetEventDestinations.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from chalicelib.adapters import aws
from chalicelib.domain.sender_facts import (
    AccountFacts,
    Destination,
    DkimFacts,
    IdentityFacts,
    MailFromFacts,
    SetFacts,
)

_MISSING: Final = "NotFoundException"
_ENABLED: Final = "ENABLED"
_KEY_BITS: Final = {"RSA_1024_BIT": 1024, "RSA_2048_BIT": 2048}
_ZONE: Final = "dkim.amazonses.com"


class SesSenderFacts:
    """The port over SES.

    Args:
        client: returns the SDK's client for a service.
    """

    def __init__(self, client: Callable[[str], Any] = aws.client) -> None:
        self._client = client

    def account(self) -> AccountFacts:
        """Return what SES says of the account.

        Raises:
            DependencyError: SES does not answer, or says that it is asked too often.
        """
        with aws.translated("reading the account"):
            told = self._client("sesv2").get_account()
        quota = told.get("SendQuota", {})
        per_day = int(quota.get("Max24HourSend", -1))
        vdm = told.get("VdmAttributes", {})
        dashboard = vdm.get("DashboardAttributes", {})
        return AccountFacts(
            production=bool(told.get("ProductionAccessEnabled", False)),
            sending=bool(told.get("SendingEnabled", False)),
            enforcement=str(told.get("EnforcementStatus", "")),
            per_day=None if per_day < 0 else per_day,
            sent=int(quota.get("SentLast24Hours", 0)),
            suppressed=_reasons(told.get("SuppressionAttributes", {})),
            engagement=vdm.get("VdmEnabled") == _ENABLED
            and dashboard.get("EngagementMetrics") == _ENABLED,
        )

    def identity(self, name: str) -> IdentityFacts | None:
        """Return what SES says of an address or domain; None: it knows no such identity.

        Raises:
            DependencyError: as of `account`.
        """
        told = self._found("reading an identity", "get_email_identity", EmailIdentity=name)
        if told is None:
            return None
        return IdentityFacts(
            name=name.lower(),
            verified=bool(told.get("VerifiedForSendingStatus", False)),
            status=str(told.get("VerificationStatus", "")),
            error=str(told.get("VerificationInfo", {}).get("ErrorType", "")),
            dkim=_dkim(told.get("DkimAttributes", {})),
            mail_from=_mail_from(told.get("MailFromAttributes", {})),
        )

    def configuration_set(self, name: str) -> SetFacts | None:
        """Return what SES says of a configuration set; None: there is none of this name.

        Raises:
            DependencyError: as of `account`.
        """
        told = self._found(
            "reading the configuration set", "get_configuration_set", ConfigurationSetName=name
        )
        if told is None:
            return None
        own = told.get("SuppressionOptions")
        dashboard = told.get("VdmOptions", {}).get("DashboardOptions", {})
        metrics = dashboard.get("EngagementMetrics")
        return SetFacts(
            name=name,
            sending=bool(told.get("SendingOptions", {}).get("SendingEnabled", True)),
            suppressed=None if own is None else _reasons(own),
            engagement=None if metrics is None else metrics == _ENABLED,
        )

    def destinations(self, name: str) -> tuple[Destination, ...] | None:
        """Return where events of a configuration set go; None: there is no such set.

        Raises:
            DependencyError: as of `account`.
        """
        told = self._found(
            "reading where events go",
            "get_configuration_set_event_destinations",
            ConfigurationSetName=name,
        )
        if told is None:
            return None
        return tuple(
            Destination(
                name=str(each.get("Name", "")),
                enabled=bool(each.get("Enabled", False)),
                types=tuple(map(str, each.get("MatchingEventTypes") or ())),
                topic=str(each.get("SnsDestination", {}).get("TopicArn", "")),
            )
            for each in told.get("EventDestinations") or ()
        )

    def _found(self, what: str, operation: str, **named: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        with aws.translated(what):
            try:
                told: Mapping[str, Any] = getattr(self._client("sesv2"), operation)(**named)
            except ClientError as error:
                if aws.error_code(error) != _MISSING:
                    raise
                return None
            return told


def _reasons(told: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(str, told.get("SuppressedReasons") or ()))


def _dkim(told: Mapping[str, Any]) -> DkimFacts:
    return DkimFacts(
        signing=bool(told.get("SigningEnabled", False)),
        status=str(told.get("Status", "")),
        tokens=tuple(map(str, told.get("Tokens") or ())),
        zone=str(told.get("SigningHostedZone") or _ZONE).rstrip("."),
        own_key=told.get("SigningAttributesOrigin") == "EXTERNAL",
        bits=_KEY_BITS.get(str(told.get("CurrentSigningKeyLength")), 0),
    )


def _mail_from(told: Mapping[str, Any]) -> MailFromFacts | None:
    domain = str(told.get("MailFromDomain") or "")
    if not domain:
        return None
    return MailFromFacts(
        domain=domain.lower(),
        status=str(told.get("MailFromDomainStatus", "")),
        rejects=told.get("BehaviorOnMxFailure") == "REJECT_MESSAGE",
    )

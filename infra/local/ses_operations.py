# SPDX-License-Identifier: Apache-2.0
"""The SES v2 operations that do not send: account, suppression, identities, sets."""

# Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/

# ruff: noqa: ARG002 - every operation takes the same arguments

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.ses_account import SUPPRESSION_REASONS, Account, EventDestination
from infra.local.ses_errors import already_exists, bad_request, not_found
from infra.local.ses_message import check_address

Body = dict[str, Any]
Query = dict[str, str]
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """One method an operation: body, query and the path's parts in, the answer out."""

    account: Account

    def table(self) -> tuple[tuple[str, str, Callable[..., Any]], ...]:
        """Return method, path and function of every operation."""
        suppression, sets = "/suppression/addresses", "/configuration-sets"
        return (
            ("GET", "/account", self.get_account),
            ("PUT", "/account/suppression", self.put_account_suppression),
            ("PUT", "/account/sending", self.put_account_sending),
            ("PUT", suppression, self.put_suppressed),
            ("GET", suppression, self.list_suppressed),
            ("GET", suppression + "/{address}", self.get_suppressed),
            ("DELETE", suppression + "/{address}", self.delete_suppressed),
            ("POST", "/identities", self.create_identity),
            ("POST", "/list-identities", self.list_identities),
            ("GET", "/identities", self.list_identities),
            ("GET", "/identities/{name}", self.get_identity),
            ("DELETE", "/identities/{name}", self.delete_identity),
            ("POST", sets, self.create_set),
            ("POST", "/list-configuration-sets", self.list_sets),
            ("GET", sets, self.list_sets),
            ("GET", sets + "/{name}", self.get_set),
            ("DELETE", sets + "/{name}", self.delete_set),
            ("PUT", sets + "/{name}/suppression-options", self.put_set_suppression),
            ("POST", sets + "/{name}/event-destinations", self.create_destination),
            ("GET", sets + "/{name}/event-destinations", self.get_destinations),
            ("PUT", sets + "/{name}/event-destinations/{destination}", self.update_destination),
            ("DELETE", sets + "/{name}/event-destinations/{destination}", self.delete_destination),
        )

    def get_account(self, body: Body, query: Query) -> Body:
        """GetAccount."""
        account = self.account
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": account.standing.enforcement,
            "ProductionAccessEnabled": account.standing.production_access,
            "SendingEnabled": account.sending_enabled,
            "SendQuota": {
                "Max24HourSend": account.max_24_hour_send,
                "MaxSendRate": account.bucket.rate_per_second,
                "SentLast24Hours": float(account.sent),
            },
            "SuppressionAttributes": {"SuppressedReasons": list(account.suppressed_reasons)},
            "VdmAttributes": {
                "VdmEnabled": account.standing.vdm,
                "DashboardAttributes": {"EngagementMetrics": account.standing.engagement},
            },
        }

    def put_account_suppression(self, body: Body, query: Query) -> Body:
        """PutAccountSuppressionAttributes."""
        self.account.suppressed_reasons = _reasons(body)
        return {}

    def put_account_sending(self, body: Body, query: Query) -> Body:
        """PutAccountSendingAttributes."""
        self.account.sending_enabled = bool(body.get("SendingEnabled", False))
        return {}

    def put_suppressed(self, body: Body, query: Query) -> Body:
        """PutSuppressedDestination."""
        if body.get("Reason") not in SUPPRESSION_REASONS:
            raise bad_request("Reason must be BOUNCE or COMPLAINT.")
        self.account.suppress(check_address(str(body.get("EmailAddress", ""))), body["Reason"])
        return {}

    def get_suppressed(self, body: Body, query: Query, address: str) -> Body:
        """GetSuppressedDestination."""
        found = self.account.suppressed(address)
        if found is None:
            raise not_found(f"Email address {address} does not exist on your suppression list.")
        return {
            "SuppressedDestination": {
                "EmailAddress": found.address,
                "Reason": found.reason,
                "LastUpdateTime": found.updated_ms / 1000,
            }
        }

    def list_suppressed(self, body: Body, query: Query) -> Body:
        """ListSuppressedDestinations. The token is the position to go on from."""
        reason = query.get("Reason")
        since_ms, until_ms = _moment_ms(query, "StartDate"), _moment_ms(query, "EndDate")
        found = [
            s
            for s in self.account.suppressed_all()
            if reason in (None, s.reason)
            and (since_ms is None or s.updated_ms >= since_ms)
            and (until_ms is None or s.updated_ms <= until_ms)
        ]
        start, size = int(query.get("NextToken") or 0), int(query.get("PageSize") or _PAGE)
        page: Body = {
            "SuppressedDestinationSummaries": [
                {
                    "EmailAddress": s.address,
                    "Reason": s.reason,
                    "LastUpdateTime": s.updated_ms / 1000,
                }
                for s in found[start : start + size]
            ]
        }
        if start + size < len(found):
            page["NextToken"] = str(start + size)
        return page

    def delete_suppressed(self, body: Body, query: Query, address: str) -> Body:
        """DeleteSuppressedDestination."""
        self.account.unsuppress(address)
        return {}

    def create_identity(self, body: Body, query: Query) -> Body:
        """CreateEmailIdentity. Locally it is verified at once."""
        name = str(body.get("EmailIdentity") or "")
        if not name or " " in name:
            raise bad_request("EmailIdentity must be an address or a domain.")
        self.account.add_identity(name)
        return {"IdentityType": _identity_type(name), "VerifiedForSendingStatus": True}

    def get_identity(self, body: Body, query: Query, name: str) -> Body:
        """GetEmailIdentity."""
        return self.account.identity(name).shown()

    def list_identities(self, body: Body, query: Query) -> Body:
        """ListEmailIdentities."""
        return {
            "EmailIdentities": [
                {
                    "IdentityType": _identity_type(name),
                    "IdentityName": name,
                    "SendingEnabled": self.account.identity(name).verified,
                    "VerificationStatus": self.account.identity(name).status,
                }
                for name in self.account.identities()
            ]
        }

    def delete_identity(self, body: Body, query: Query, name: str) -> Body:
        """DeleteEmailIdentity."""
        self.account.remove_identity(name)
        return {}

    def create_set(self, body: Body, query: Query) -> Body:
        """CreateConfigurationSet."""
        name = str(body.get("ConfigurationSetName") or "")
        if not name:
            raise bad_request("ConfigurationSetName is missing.")
        self.account.add_configuration_set(name)
        if "SuppressionOptions" in body:
            self.account.options(name).suppressed = list(_reasons(body["SuppressionOptions"]))
        return {}

    def list_sets(self, body: Body, query: Query) -> Body:
        """ListConfigurationSets."""
        return {"ConfigurationSets": list(self.account.configuration_sets())}

    def get_set(self, body: Body, query: Query, name: str) -> Body:
        """GetConfigurationSet."""
        return self.account.options(name).shown(name)

    def put_set_suppression(self, body: Body, query: Query, name: str) -> Body:
        """PutConfigurationSetSuppressionOptions."""
        self.account.options(name).suppressed = list(_reasons(body))
        return {}

    def delete_set(self, body: Body, query: Query, name: str) -> Body:
        """DeleteConfigurationSet."""
        self.account.remove_configuration_set(name)
        return {}

    def create_destination(self, body: Body, query: Query, name: str) -> Body:
        """CreateConfigurationSetEventDestination."""
        destinations = self.account.destinations(name)
        destination = str(body.get("EventDestinationName") or "")
        if destination in destinations:
            raise already_exists(f"Event destination <{destination}> already exists.")
        destinations[destination] = _destination(destination, body)
        return {}

    def get_destinations(self, body: Body, query: Query, name: str) -> Body:
        """GetConfigurationSetEventDestinations."""
        return {
            "EventDestinations": [
                {
                    "Name": destination.name,
                    "Enabled": destination.enabled,
                    "MatchingEventTypes": list(destination.types),
                    "SnsDestination": {"TopicArn": destination.topic_arn},
                }
                for destination in self.account.destinations(name).values()
            ]
        }

    def update_destination(self, body: Body, query: Query, name: str, destination: str) -> Body:
        """UpdateConfigurationSetEventDestination."""
        destinations = self.account.destinations(name)
        if destination not in destinations:
            raise not_found(f"Event destination <{destination}> does not exist.")
        destinations[destination] = _destination(destination, body)
        return {}

    def delete_destination(self, body: Body, query: Query, name: str, destination: str) -> Body:
        """DeleteConfigurationSetEventDestination."""
        if self.account.destinations(name).pop(destination, None) is None:
            raise not_found(f"Event destination <{destination}> does not exist.")
        return {}


def _reasons(given: Body) -> tuple[str, ...]:
    """Return the reasons that an account or a set suppresses for; none is a choice, too."""
    reasons = tuple(given.get("SuppressedReasons") or ())
    if not set(reasons) <= set(SUPPRESSION_REASONS):
        raise bad_request("SuppressedReasons may be BOUNCE and COMPLAINT.")
    return reasons


def _moment_ms(query: Query, name: str) -> int | None:
    """Return a time of a query, Unix milliseconds, or None when it names none."""
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name])
    except ValueError as error:
        raise bad_request(f"{name} is no time.") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _identity_type(name: str) -> str:
    return "EMAIL_ADDRESS" if "@" in name else "DOMAIN"


def _destination(name: str, body: Body) -> EventDestination:
    """Return an event destination of the API's shape; only topics get events locally."""
    given = body.get("EventDestination") or {}
    topic = (given.get("SnsDestination") or {}).get("TopicArn")
    if not name or not topic:
        raise bad_request(
            "The local SES endpoint needs a name and an SNS topic for event destinations."
        )
    return EventDestination(
        name=name,
        enabled=bool(given.get("Enabled", False)),
        types=tuple(given.get("MatchingEventTypes") or ()),
        topic_arn=topic,
    )

# SPDX-License-Identifier: Apache-2.0
"""Settings, and the only reader of the environment.

Guarantees that a `Settings` is complete: a missing or unusable variable raises one sentence that
names it. Nothing is read at import.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from chalicelib.errors import FatalError

PROVIDER_HOSTS = (".amazonaws.com", ".cloudfront.net", ".on.aws")
"""Hosts the provider owns: a link in a mail must outlive the deployment that sent it."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEFAULT_SIGNUPS_PER_HOUR = 60
DEFAULT_PLAIN_SIGNUPS_PER_HOUR = 10
DEFAULT_FORM_SIGNUPS_PER_HOUR = 300
DEFAULT_KEEP_UNCONFIRMED_DAYS = 30
DEFAULT_KEEP_WAITING_DAYS = 365
DEFAULT_KEEP_ORDERS_DAYS = 1_095
DEFAULT_BULK_FROM = 5_000
SEND_MODES = ("auto", "bulk", "single")
"""What may carry campaign mail; the first when nothing is said."""
_DOMAIN = re.compile(r"(?=.{1,189}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
"""Of 254 characters of an address (RFC 5321 section 4.5.3.1.3), 64 and the ``@`` are taken."""
_PORTS = range(1, 65_536)
_SERVER = re.compile(r"(\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<v4>[0-9.]+)):(?P<port>[0-9]{1,5})")
MAX_RECOVERY_DAYS = 7
"""No backup may bring an erased person's key back later than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between installations.

    Attributes:
        base_url: public address of the pages, no trailing slash; decided once, links are made
            from it and never from a Host header.
        ledger_origin: name of the log, the first line of every checkpoint; decided once.
        controller: id of the controller, in every ledger entry.
        log_key: ``kms:<key id or alias>``, or ``file:<path>`` of a 32-byte seed on one machine.
        signups_per_hour: sign-ups accepted from one network in an hour.
        plain_signups_per_hour: those of them without proof of work, or filled in too fast, before
            each takes one more step; and ``form_signups_per_hour`` of one form from everywhere.
        keep_unconfirmed_days: days after which a request nobody confirmed is erased, from 1.
        keep_waiting_days: days after which somebody is erased of whom there is nothing but a claim
            of an imported file that gives nothing, from 1.
        keep_orders_days: how old an order may be when it is told, from 1; kept 30 days longer.
        vault_recovery_days: recovery window of the vault's table, days, 1 to 7.
        tsa_url: where the RFC 3161 time-stamping authority answers; "" asks nobody for stamps.
        tsa_roots: path of a PEM file of the root certificates whose stamps count, relative to the
            package; "" counts none.
        inbound_domain: domain whose mail we receive, for unsubscribing by mail; "" receives none.
        send_mode: how campaign mail leaves, one of `SEND_MODES`.
        answers_configuration_set: SES configuration set of mails that answer the person; "": the
            other's name and ``-answers`` (`answers_set`).
        bulk_from: mails of a day from which a mailing is large, from 1, and must be ready for that;
            Google's and Microsoft's guidelines for senders say 5,000 to one provider.
        dns_server: who answers questions to DNS, address and port; "" asks the machine's resolver.

    """

    base_url: str
    ledger_origin: str
    controller: str
    ledger_table: str
    vault_table: str
    audience_table: str
    campaigns_table: str
    activity_table: str
    bucket: str
    confirmations_queue: str
    plans_queue: str
    chunks_queue: str
    sequencing_queue: str
    proofs_queue: str
    erasures_queue: str
    anchors_queue: str
    segments_queue: str
    suppressions_queue: str
    imports_queue: str
    vault_key: str
    address_key: str
    links_key: str
    log_key: str
    configuration_set: str
    signups_per_hour: int = DEFAULT_SIGNUPS_PER_HOUR
    plain_signups_per_hour: int = DEFAULT_PLAIN_SIGNUPS_PER_HOUR
    form_signups_per_hour: int = DEFAULT_FORM_SIGNUPS_PER_HOUR
    keep_unconfirmed_days: int = DEFAULT_KEEP_UNCONFIRMED_DAYS
    keep_waiting_days: int = DEFAULT_KEEP_WAITING_DAYS
    keep_orders_days: int = DEFAULT_KEEP_ORDERS_DAYS
    vault_recovery_days: int = MAX_RECOVERY_DAYS
    tsa_url: str = ""
    tsa_roots: str = ""
    inbound_domain: str = ""
    send_mode: str = SEND_MODES[0]
    answers_configuration_set: str = ""
    bulk_from: int = DEFAULT_BULK_FROM
    dns_server: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        host = (parts.hostname or "").lower()
        local = host in LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise FatalError("KVITTO_BASE_URL must be an https address of your own domain.")
        if not host or parts.path or parts.query or parts.fragment:
            raise FatalError("KVITTO_BASE_URL is a scheme and a host, without a path.")
        if host.endswith(PROVIDER_HOSTS):
            raise FatalError(
                "KVITTO_BASE_URL is a provider's default host; links in mails would die with the "
                "deployment. Set up your own domain first."
            )
        if self.log_key.startswith("file:") and not local:
            raise FatalError("A log key in a file is for one machine only; use a KMS key.")
        _require_authority(self.tsa_url, self.tsa_roots)
        if self.inbound_domain and not _DOMAIN.fullmatch(self.inbound_domain):
            raise FatalError(
                "KVITTO_INBOUND_DOMAIN is a domain of your own in small letters, for example"
                " unsubscribe.example.org."
            )
        if self.send_mode not in SEND_MODES:
            raise FatalError(f"KVITTO_SEND_MODE must be one of {', '.join(SEND_MODES)}.")
        _address_and_port(self.dns_server)

    @property
    def is_secure(self) -> bool:
        """Whether the pages are reached by https; only one machine of its own may do without."""
        return self.base_url.startswith("https:")

    @property
    def dns_address(self) -> tuple[str, int] | None:
        """Address and port of `dns_server`; None: the machine's resolver."""
        return _address_and_port(self.dns_server)

    @property
    def answers_set(self) -> str:
        """Name of the configuration set of mails that answer the person."""
        return self.answers_configuration_set or f"{self.configuration_set}-answers"

    @property
    def storage(self) -> str:
        """Where personal data is kept, for consent records; empty when that is not known."""
        return f"Amazon Web Services, Region {self.region}" if self.region else ""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings of the process environment, or of ``environment``.

        A member's variable is its name in capitals after ``KVITTO_``, only the region's is the
        provider's ``AWS_REGION``; what has no default is required.

        Raises:
            FatalError: a variable is missing or unusable.

        """
        env = os.environ if environment is None else environment
        count = partial(_count, env)
        names = [each.name for each in fields(cls) if each.default is MISSING]
        required = {name: _required(env, f"KVITTO_{name.upper()}") for name in names}
        required["base_url"] = required["base_url"].rstrip("/")
        return cls(
            **required,
            signups_per_hour=count("SIGNUPS_PER_HOUR", DEFAULT_SIGNUPS_PER_HOUR),
            plain_signups_per_hour=count("PLAIN_SIGNUPS_PER_HOUR", DEFAULT_PLAIN_SIGNUPS_PER_HOUR),
            form_signups_per_hour=count("FORM_SIGNUPS_PER_HOUR", DEFAULT_FORM_SIGNUPS_PER_HOUR),
            keep_unconfirmed_days=count("KEEP_UNCONFIRMED_DAYS", DEFAULT_KEEP_UNCONFIRMED_DAYS),
            keep_waiting_days=count("KEEP_WAITING_DAYS", DEFAULT_KEEP_WAITING_DAYS),
            keep_orders_days=count("KEEP_ORDERS_DAYS", DEFAULT_KEEP_ORDERS_DAYS),
            vault_recovery_days=count("VAULT_RECOVERY_DAYS", MAX_RECOVERY_DAYS, MAX_RECOVERY_DAYS),
            tsa_url=env.get("KVITTO_TSA_URL", "").strip(),
            tsa_roots=env.get("KVITTO_TSA_ROOTS", "").strip(),
            inbound_domain=env.get("KVITTO_INBOUND_DOMAIN", "").strip(),
            send_mode=env.get("KVITTO_SEND_MODE", "").strip() or SEND_MODES[0],
            answers_configuration_set=env.get("KVITTO_ANSWERS_CONFIGURATION_SET", "").strip(),
            bulk_from=count("BULK_FROM", DEFAULT_BULK_FROM),
            dns_server=env.get("KVITTO_DNS_SERVER", "").strip(),
            region=env.get("AWS_REGION", "").strip(),
        )


def _required(env: Mapping[str, str], variable: str) -> str:
    value = env.get(variable, "").strip()
    if not value:
        raise FatalError(f"{variable} is not set; docs/operations.md lists the settings.")
    return value


def _count(env: Mapping[str, str], name: str, default: int, highest: int | None = None) -> int:
    text = env.get(f"KVITTO_{name}") or str(default)
    known = text.isascii() and text.isdigit() and int(text) >= 1
    if not known or (highest is not None and int(text) > highest):
        limit = "" if highest is None else f" to {highest}"
        raise FatalError(f"KVITTO_{name} must be a whole number from 1{limit}.")
    return int(text)


def _address_and_port(written: str) -> tuple[str, int] | None:
    """Return both parts of ``192.0.2.1:53`` or ``[2001:db8::1]:53``; None of nothing."""
    if not written:
        return None
    matched = _SERVER.fullmatch(written)
    port = int(matched["port"]) if matched else 0
    try:
        if matched is None or port not in _PORTS:
            raise ValueError
        address = IPv6Address(matched["v6"]) if matched["v6"] else IPv4Address(matched["v4"])
    except ValueError:
        raise FatalError(
            "KVITTO_DNS_SERVER must be an IP address and a port, for example 192.0.2.1:53 or"
            " [2001:db8::1]:53."
        ) from None
    return str(address), port


def _require_authority(url: str, roots: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    local = (parts.hostname or "").lower() in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise FatalError("KVITTO_TSA_URL must be an https address.")
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise FatalError("KVITTO_TSA_URL is a host and a path, without a name or password.")
    if not roots:
        raise FatalError(
            "KVITTO_TSA_ROOTS must name the root certificates of the authority at KVITTO_TSA_URL."
        )

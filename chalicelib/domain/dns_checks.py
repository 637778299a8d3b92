# SPDX-License-Identifier: Apache-2.0
"""Checks of what DNS says of a sender: its domain, DKIM, MAIL FROM, SPF, DMARC and alignment.

Guarantees that any text found there is judged without a fault, that what could not be looked up is
`UNKNOWN`, and that a record shown here is one that, once published, is found right here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from chalicelib.domain.account_checks import dkim_records
from chalicelib.domain.deliverability import Check, DnsRecord, Verdict
from chalicelib.domain.deliverability_words import said
from chalicelib.domain.dmarc import (
    OLD_TAGS,
    AtName,
    in_force,
    mended,
    organisation,
    tags_of,
    walked,
)
from chalicelib.domain.dns_records import Ask, DnsAnswer, DnsKind, is_within, with_parents
from chalicelib.domain.mail_domains import MailDomain, look_at
from chalicelib.domain.sender_facts import IdentityFacts, Sender
from chalicelib.domain.spf import MAX_LOOKUPS, WANTED, Walk, spf_records, walk, with_ses
from chalicelib.domain.typos import WELL_KNOWN

DMARC: Final = "_dmarc"
BOUNCE_LABEL: Final = "bounce"
SHORT_BITS: Final = 1024
_KEY: Final = re.compile(r"(^|;)\s*p\s*=\s*[^;\s]")
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+-]+@[a-z0-9.-]+")
_REGISTRY: Final = ("psd", "y")
_SPEAKING: Final = (Verdict.OK, Verdict.WARN)


def questions(sender: Sender) -> tuple[tuple[str, DnsKind], ...]:
    """Return what is going to be asked about a sender, to be asked all at once."""
    domains = [sender.domain]
    found: list[tuple[str, DnsKind]] = [(sender.domain, "MX")]
    if sender.signer:
        domains.append(sender.signer.name)
        found += [(record.name, "CNAME") for record in dkim_records(sender.signer)]
    if sender.mail_from:
        domains.append(sender.mail_from.domain)
        found += [(sender.mail_from.domain, "MX"), (sender.mail_from.domain, "TXT")]
    names = [name for domain in domains for name in with_parents(domain, 1)]
    return (*found, *((f"{DMARC}.{name}", "TXT") for name in dict.fromkeys(names)))


def checks(sender: Sender, ask: Ask) -> Iterable[Check]:
    """Yield every check of a sender's records."""
    walk_up = walked(sender.domain, ask)
    key, policy = dkim(sender, ask), spf(sender, ask)
    yield from_domain(sender, ask)
    yield key
    yield mail_from(sender, ask)
    yield policy
    yield dmarc(sender, walk_up)
    yield alignment(sender, ask, walk_up, key, policy)


def from_domain(sender: Sender, ask: Ask) -> Check:
    """Whether mails may come from the domain, and answers may go there."""
    domain = sender.domain
    if domain in WELL_KNOWN:
        return said("from_public", domain=domain)
    match look_at(domain, ask):
        case MailDomain.TAKES:
            return said("from_ok", domain=domain)
        case MailDomain.UNKNOWN:
            return said("from_unknown", domain=domain)
        case _:
            return said("from_no_mail", domain=domain)


def dkim(sender: Sender, ask: Ask) -> Check:
    """Whether mails are signed, and the keys can be found."""
    signer = sender.signer
    if sender.identities is None:
        return said("dkim_unknown", domain=sender.domain)
    if signer is None:
        return said("dkim_no_identity", domain=sender.domain)
    facts, name = signer.dkim, signer.name
    if not facts.signing:
        return said("dkim_off", domain=name)
    wrong = None if facts.own_key else _wrong_keys(signer, ask)
    if wrong is not None:
        return wrong
    if facts.status == "SUCCESS":
        return said("dkim_short_key" if facts.bits == SHORT_BITS else "dkim_ok", domain=name)
    if facts.status == "TEMPORARY_FAILURE":
        return said("dkim_shaky", domain=name)
    if facts.own_key:
        return said("dkim_own_key", domain=name)
    return said("dkim_pending" if facts.status == "PENDING" else "dkim_failed", domain=name)


def _wrong_keys(signer: IdentityFacts, ask: Ask) -> Check | None:
    """Return what is wrong with the records of the keys, or None."""
    wanted = dkim_records(signer)
    if not wanted:
        return said("dkim_no_keys", domain=signer.name)
    missing, unknown = 0, False
    for record in wanted:
        led = ask(record.name, "CNAME")
        if led.answer is DnsAnswer.FOUND:
            if record.value.lower() not in led.values:
                facts = {"name": record.name, "found": led.values[0], "wanted": record.value}
                return said("dkim_other", *wanted, **facts)
            continue
        # Some name servers answer with what an alias leads to, and never with the alias.
        key = ask(record.name, "TXT")
        if any(_KEY.search(text) for text in key.values):
            continue
        if DnsAnswer.UNKNOWN in (led.answer, key.answer):
            unknown = True
        else:
            missing += 1
    if missing:
        return said("dkim_missing", *wanted, domain=signer.name, all=len(wanted), missing=missing)
    return said("dkim_unknown", domain=signer.name) if unknown else None


def mail_from(sender: Sender, ask: Ask) -> Check:
    """Whether bounces go to a domain of the sender's own."""
    if sender.identities is None:
        return said("mail_from_unknown")
    own = sender.mail_from
    if own is None:
        above = sender.signer.name if sender.signer else sender.domain
        domain = f"{BOUNCE_LABEL}.{above}"
        return said("mail_from_none", *_mail_from_records(sender, domain, ask), domain=domain)
    records = _mail_from_records(sender, own.domain, ask)
    if not own.is_used:
        code = "mail_from_refuses" if own.rejects else "mail_from_unused"
        return said(code, *records, domain=own.domain)
    led = ask(own.domain, "MX")
    if led.answer is DnsAnswer.UNKNOWN:
        return said("mail_from_unknown")
    targets = [value.rpartition(" ")[2] for value in led.values]
    if targets != [records[0].value.rpartition(" ")[2]]:
        return said("mail_from_mx", records[0], domain=own.domain)
    return said("mail_from_ok", domain=own.domain)


def _mail_from_records(sender: Sender, domain: str, ask: Ask) -> tuple[DnsRecord, DnsRecord]:
    mx = f"10 feedback-smtp.{sender.region}.amazonses.com"
    present = spf_records(ask(domain, "TXT").values)
    text = present[0] if len(present) == 1 and _is_fine(walk(present[0], ask)) else None
    return (
        DnsRecord(type="MX", name=domain, value=mx),
        _spf_record(domain, text or _changed(present, ask)),
    )


def spf(sender: Sender, ask: Ask) -> Check:
    """Whether SPF lets SES send for the domain that bounces go to."""
    if sender.identities is None:
        return said("spf_unknown")
    own = sender.mail_from
    if own is None or not (own.is_used or own.rejects):
        return said("spf_amazon", domain=sender.domain)
    domain = own.domain
    answer = ask(domain, "TXT")
    if answer.answer is DnsAnswer.UNKNOWN:
        return said("spf_unknown")
    present = spf_records(answer.values)
    if not present:
        return said("spf_none", _spf_record(domain, WANTED), domain=domain)
    if len(present) > 1:
        return said("spf_two", _spf_record(domain, _changed(present, ask)), domain=domain)
    return _judged(domain, walk(present[0], ask), present, ask)


def _judged(domain: str, found: Walk, present: tuple[str, ...], ask: Ask) -> Check:
    plain = _spf_record(domain, WANTED)
    if found.wrong:
        return said("spf_unreadable", plain, domain=domain, term=found.wrong)
    if found.missing:
        return said("spf_include_missing", plain, domain=domain, name=found.missing)
    if found.lookups > MAX_LOOKUPS:
        return said("spf_too_many", plain, domain=domain)
    if found.unknown:
        return said("spf_unknown")
    changed = _spf_record(domain, _changed(present, ask))
    if not found.lets_ses:
        return said("spf_without_ses", changed, domain=domain)
    if found.ending == "+":
        return said("spf_all_pass", changed, domain=domain)
    if found.ending not in ("-", "~"):
        return said("spf_open", changed, domain=domain)
    return said("spf_ok", domain=domain)


def _changed(present: tuple[str, ...], ask: Ask) -> str:
    """Return one record in the place of those present that is found right, theirs if it can be."""
    record = with_ses(*present)
    return record if present and _is_fine(walk(record, ask)) else WANTED


def _is_fine(found: Walk) -> bool:
    is_whole = not (found.wrong or found.missing or found.unknown)
    return (
        is_whole and found.lets_ses and found.lookups <= MAX_LOOKUPS and found.ending in ("-", "~")
    )


def _spf_record(domain: str, text: str) -> DnsRecord:
    return DnsRecord(type="TXT", name=domain, value=text)


def dmarc(sender: Sender, walk_up: tuple[AtName, ...]) -> Check:
    """Whether a policy says what becomes of mails that others send in the sender's name."""
    domain = sender.domain
    signer = sender.signer
    top = signer.name if signer and is_within(domain, signer.name) else domain
    broken = next(
        (at for at in walk_up if at.texts and at.tags is None and is_within(at.domain, top)), None
    )
    holds = _own(in_force(walk_up), domain)
    if broken and (holds is None or broken.domain == domain):
        code = "dmarc_two" if len(broken.texts) > 1 else "dmarc_unreadable"
        texts = [tags_of(text) for text in broken.texts]
        record = _dmarc_record(sender, broken.domain, texts[0])
        return said(code, record, name=record.name)
    if holds is None:
        if any(at.unknown for at in walk_up):
            return said("dmarc_unknown", domain=domain)
        return said("dmarc_none", _dmarc_record(sender, top, {}), domain=domain)
    tags = holds.tags or {}
    record = _dmarc_record(sender, holds.domain, tags)
    if tags.get("t", "").lower() == "y":
        return said("dmarc_testing", record, name=record.name)
    if not tags.get("rua"):
        return said("dmarc_no_reports", record, name=record.name)
    if any(tag in tags for tag in OLD_TAGS):
        return said("dmarc_old_tags", record, name=record.name)
    return said("dmarc_ok", domain=holds.domain, policy=tags["p"])


def _own(holds: AtName | None, domain: str) -> AtName | None:
    """Leave out what a registry says of all below it."""
    if (
        holds is None
        or holds.domain == domain
        or ("psd", (holds.tags or {}).get("psd", "").lower()) != _REGISTRY
    ):
        return holds
    return None


def _dmarc_record(sender: Sender, domain: str, tags: Mapping[str, str]) -> DnsRecord:
    # Whoever says so of a domain is a registry: what is below it is then others'.
    kept = {n: v for n, v in tags.items() if domain == sender.domain or (n, v.lower()) != _REGISTRY}
    value = mended(kept, _reports_to(sender.contact, domain))
    return DnsRecord(type="TXT", name=f"{DMARC}.{domain}", value=value)


def _reports_to(contact: str, domain: str) -> str:
    """Return where reports may go: to another's domain they go only if that agrees.

    Source: RFC 9990 section 4 (verifying external destinations); RFC 5321 section 4.5.1.
    """
    at = contact.rpartition("@")[2]
    is_near = is_within(at, domain) or is_within(domain, at)
    return contact if is_near and _PLAIN_ADDRESS.fullmatch(contact) else f"postmaster@{domain}"


def alignment(
    sender: Sender, ask: Ask, walk_up: tuple[AtName, ...], key: Check, policy: Check
) -> Check:
    """Whether what passes DKIM or SPF belongs to the domain that people see."""
    signer, bounces = sender.signer, sender.mail_from
    if sender.identities is None:
        return said("alignment_unknown", domain=sender.domain)
    by_key = _speaks(key) and signer and _aligned(sender, signer.name, "adkim", ask, walk_up)
    by_policy = (
        _speaks(policy)
        and bounces
        and bounces.is_used
        and _aligned(sender, bounces.domain, "aspf", ask, walk_up)
    )
    if by_key and by_policy:
        return said("alignment_ok", domain=sender.domain)
    if by_key:
        return said("alignment_dkim_only", domain=sender.domain)
    if by_policy:
        return said("alignment_spf_only", domain=sender.domain)
    if Verdict.UNKNOWN in (key.verdict, policy.verdict) or any(at.unknown for at in walk_up):
        return said("alignment_unknown", domain=sender.domain)
    if _speaks(key) and signer and _is_misread(sender, signer, walk_up):
        record = _dmarc_record(sender, signer.name, {})
        return said("alignment_parent", record, domain=sender.domain, signer=signer.name)
    return said("alignment_none", domain=sender.domain)


def _speaks(check: Check) -> bool:
    return check.verdict in _SPEAKING


def _aligned(sender: Sender, domain: str, mode: str, ask: Ask, walk_up: tuple[AtName, ...]) -> bool:
    """Whether two domains count as one sender; without any policy, as if ours were published."""
    if domain == sender.domain:
        return True
    holds = in_force(walk_up)
    if holds is None:
        return is_within(sender.domain, domain) or is_within(domain, sender.domain)
    if (holds.tags or {}).get(mode, "").lower() == "s":
        return False
    return organisation(walk_up) == organisation(walked(domain, ask))


def _is_misread(sender: Sender, signer: IdentityFacts, walk_up: tuple[AtName, ...]) -> bool:
    """Whether only the way newer receivers look for a policy keeps the two apart."""
    holds = in_force(walk_up)
    is_strict = holds is not None and (holds.tags or {}).get("adkim", "").lower() == "s"
    return is_within(sender.domain, signer.name) and not is_strict

# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of a sender's records in DNS.

Guarantees that a code always has the same verdict, and that each sentence says what is and, where
something is to be done, what to do.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.deliverability import CheckId, Said, Verdict
from chalicelib.domain.tongues import to_say

_ok, _warn, _fail, _unknown = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN

DNS: Final[Mapping[str, Said]] = {
    "from_ok": Said(
        CheckId.FROM_DOMAIN, _ok, to_say("Mails come from {domain}, which takes answers.")
    ),
    "from_public": Said(
        CheckId.FROM_DOMAIN,
        _fail,
        to_say(
            "{domain} belongs to a mailbox provider, which has mails refused that others send in "
            "its name: write from a domain of your own."
        ),
    ),
    "from_no_mail": Said(
        CheckId.FROM_DOMAIN,
        _warn,
        to_say(
            "{domain} takes no mail, so answers come back: publish an MX record, or write from an "
            "address that can be answered."
        ),
    ),
    "from_unknown": Said(
        CheckId.FROM_DOMAIN,
        _unknown,
        to_say("Whether {domain} takes mail could not be looked up: look again later."),
    ),
    "dkim_ok": Said(CheckId.DKIM, _ok, to_say("Mails are signed for {domain}.")),
    "dkim_no_identity": Said(
        CheckId.DKIM,
        _fail,
        to_say("Nothing is signed for {domain}: create the identity {domain} in SES."),
    ),
    "dkim_off": Said(
        CheckId.DKIM, _fail, to_say("Signing is switched off for {domain}: switch it on in SES.")
    ),
    "dkim_own_key": Said(
        CheckId.DKIM,
        _fail,
        to_say(
            "SES does not find the public half of your own key for {domain}: publish it under the "
            "selector you gave SES."
        ),
    ),
    "dkim_no_keys": Said(
        CheckId.DKIM, _fail, to_say("SES has no key for {domain}: set up Easy DKIM in SES.")
    ),
    "dkim_missing": Said(
        CheckId.DKIM,
        _fail,
        to_say(
            "Of the {all} key records of {domain}, {missing} cannot be found: publish all of them."
        ),
    ),
    "dkim_other": Said(
        CheckId.DKIM,
        _fail,
        to_say("{name} leads to {found}: let it lead to {wanted}."),
    ),
    "dkim_pending": Said(
        CheckId.DKIM,
        _fail,
        to_say(
            "The records of {domain} are right, but SES has not seen them yet and signs nothing: "
            "wait up to 72 hours."
        ),
    ),
    "dkim_failed": Said(
        CheckId.DKIM,
        _fail,
        to_say(
            "The records of {domain} are right, but SES has stopped looking and signs nothing: "
            "start again in SES."
        ),
    ),
    "dkim_shaky": Said(
        CheckId.DKIM,
        _warn,
        to_say(
            "The records of {domain} are right, but SES could not see them of late: ask whoever "
            "runs its name servers."
        ),
    ),
    "dkim_short_key": Said(
        CheckId.DKIM, _warn, to_say("The key of {domain} has 1024 bits: take 2048 in SES.")
    ),
    "dkim_unknown": Said(
        CheckId.DKIM,
        _unknown,
        to_say("Whether mails are signed for {domain} could not be looked up: look again later."),
    ),
    "mail_from_ok": Said(CheckId.MAIL_FROM, _ok, to_say("Bounces go to {domain}.")),
    "mail_from_none": Said(
        CheckId.MAIL_FROM,
        _warn,
        to_say(
            "Bounces go to amazonses.com, for which alone SPF speaks: give the identity in SES the "
            "MAIL FROM domain {domain}, and publish both records."
        ),
    ),
    "mail_from_refuses": Said(
        CheckId.MAIL_FROM,
        _fail,
        to_say(
            "SES sends nothing until it has seen the MX record of {domain}: publish both records, "
            "then wait up to 72 hours."
        ),
    ),
    "mail_from_unused": Said(
        CheckId.MAIL_FROM,
        _warn,
        to_say(
            "SES has not seen the MX record of {domain} and takes amazonses.com in its place: "
            "publish both records, then wait up to 72 hours."
        ),
    ),
    "mail_from_mx": Said(
        CheckId.MAIL_FROM,
        _warn,
        to_say(
            "{domain} no longer has the one MX record that SES wants: publish it and no other, "
            "before SES notices."
        ),
    ),
    "mail_from_unknown": Said(
        CheckId.MAIL_FROM,
        _unknown,
        to_say("Where bounces go could not be looked up: look again later."),
    ),
    "spf_ok": Said(CheckId.SPF, _ok, to_say("SPF lets SES send for {domain}.")),
    "spf_amazon": Said(
        CheckId.SPF,
        _warn,
        to_say(
            "SPF speaks for amazonses.com and not for {domain}: see to the MAIL FROM domain first."
        ),
    ),
    "spf_none": Said(CheckId.SPF, _fail, to_say("{domain} has no SPF record: publish this one.")),
    "spf_two": Said(
        CheckId.SPF,
        _fail,
        to_say(
            "{domain} has more than one SPF record, so none counts: publish this one in their "
            "place."
        ),
    ),
    "spf_unreadable": Said(
        CheckId.SPF,
        _fail,
        to_say("The SPF record of {domain} cannot be read at {term}: publish this one instead."),
    ),
    "spf_include_missing": Said(
        CheckId.SPF,
        _fail,
        to_say(
            "The SPF record of {domain} leads to {name}, which has none: publish this one instead."
        ),
    ),
    "spf_too_many": Said(
        CheckId.SPF,
        _fail,
        to_say(
            "The SPF record of {domain} takes more than 10 lookups, so it does not count: publish "
            "this one instead."
        ),
    ),
    "spf_without_ses": Said(
        CheckId.SPF,
        _fail,
        to_say("The SPF record of {domain} does not let SES send: change it to this."),
    ),
    "spf_all_pass": Said(
        CheckId.SPF,
        _warn,
        to_say("The SPF record of {domain} lets everybody send: change it to this."),
    ),
    "spf_open": Said(
        CheckId.SPF,
        _warn,
        to_say("The SPF record of {domain} forbids nobody to send: change it to this."),
    ),
    "spf_unknown": Said(
        CheckId.SPF,
        _unknown,
        to_say("Whom SPF lets send could not be looked up: look again later."),
    ),
    "dmarc_ok": Said(
        CheckId.DMARC, _ok, to_say("{domain} has a DMARC record with the policy {policy}.")
    ),
    "dmarc_none": Said(
        CheckId.DMARC, _fail, to_say("There is no DMARC record for {domain}: publish this one.")
    ),
    "dmarc_two": Said(
        CheckId.DMARC,
        _fail,
        to_say(
            "{name} has more than one DMARC record, so none counts: publish this one in their "
            "place."
        ),
    ),
    "dmarc_unreadable": Said(
        CheckId.DMARC,
        _fail,
        to_say("The DMARC record at {name} cannot be read: change it to this."),
    ),
    "dmarc_no_reports": Said(
        CheckId.DMARC,
        _warn,
        to_say(
            "The DMARC record at {name} asks for no reports, so you never learn who sends in your "
            "name: change it to this."
        ),
    ),
    "dmarc_testing": Said(
        CheckId.DMARC,
        _warn,
        to_say(
            "The DMARC record at {name} says that its policy is only a test (t=y): change it to "
            "this once the reports look right."
        ),
    ),
    "dmarc_old_tags": Said(
        CheckId.DMARC,
        _warn,
        to_say(
            "The DMARC record at {name} has tags that no longer count (pct, rf, ri): change it to "
            "this."
        ),
    ),
    "dmarc_unknown": Said(
        CheckId.DMARC,
        _unknown,
        to_say("The DMARC record of {domain} could not be looked up: look again later."),
    ),
    "alignment_ok": Said(
        CheckId.ALIGNMENT,
        _ok,
        to_say("DKIM and SPF both speak for {domain}, the domain people see."),
    ),
    "alignment_dkim_only": Said(
        CheckId.ALIGNMENT,
        _warn,
        to_say(
            "Only DKIM speaks for {domain}, the domain people see: set a MAIL FROM domain below "
            "it, so that SPF does too."
        ),
    ),
    "alignment_spf_only": Said(
        CheckId.ALIGNMENT,
        _warn,
        to_say(
            "Only SPF speaks for {domain}, the domain people see, and forwarding breaks it: have "
            "SES sign for that domain."
        ),
    ),
    "alignment_parent": Said(
        CheckId.ALIGNMENT,
        _warn,
        to_say(
            "{domain} has a DMARC record of its own and {signer}, which signs, has none, so newer "
            "receivers do not take them for one sender: publish this one as well."
        ),
    ),
    "alignment_none": Said(
        CheckId.ALIGNMENT,
        _fail,
        to_say(
            "Neither DKIM nor SPF speaks for {domain}, the domain people see: verify {domain} "
            "itself as an identity in SES, and publish its records."
        ),
    ),
    "alignment_unknown": Said(
        CheckId.ALIGNMENT,
        _unknown,
        to_say("Whether DKIM or SPF speaks for {domain} could not be looked up: look again later."),
    ),
}
"""By code; codes are part of the API."""

# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of the account, of the identity and of where events go.

Guarantees that a code always has the same verdict, and that each sentence says what is and, where
something is to be done, what to do.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.deliverability import CheckId, Said, Verdict
from chalicelib.domain.tongues import to_say

_ok, _warn, _fail, _unknown = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN

ACCOUNT: Final[Mapping[str, Said]] = {
    "sending_ok": Said(CheckId.SENDING, _ok, to_say("SES sends for this account.")),
    "sending_shut_down": Said(
        CheckId.SENDING,
        _fail,
        to_say(
            "SES has shut sending down: read the mail that AWS wrote about it, and answer it in "
            "the AWS Support Center."
        ),
    ),
    "sending_paused": Said(
        CheckId.SENDING,
        _fail,
        to_say("Sending is paused for the whole account: resume it in SES."),
    ),
    "sending_set_paused": Said(
        CheckId.SENDING,
        _fail,
        to_say("Sending is paused for the configuration set {set}: resume it in SES."),
    ),
    "sending_set_missing": Said(
        CheckId.SENDING,
        _fail,
        to_say("SES has no configuration set {set}: deploy the stack again."),
    ),
    "sending_probation": Said(
        CheckId.SENDING,
        _warn,
        to_say(
            "SES has put the account under review: mend what it names under “Reputation metrics” "
            "before the next large sending."
        ),
    ),
    "sending_unknown": Said(
        CheckId.SENDING, _unknown, to_say("SES did not say whether it sends: look again later.")
    ),
    "production_ok": Said(
        CheckId.PRODUCTION_ACCESS, _ok, to_say("The account may write to everybody.")
    ),
    "production_sandbox": Said(
        CheckId.PRODUCTION_ACCESS,
        _fail,
        to_say(
            "The account is in the sandbox and may only write to addresses it has verified: "
            "request production access in SES."
        ),
    ),
    "production_unknown": Said(
        CheckId.PRODUCTION_ACCESS,
        _unknown,
        to_say("SES did not say whether the account is in the sandbox: look again later."),
    ),
    "quota_ok": Said(CheckId.QUOTA, _ok, to_say("Of the quota of this day {left} mails are left.")),
    "quota_unlimited": Said(CheckId.QUOTA, _ok, to_say("SES sets no limit to the mails of a day.")),
    "quota_short": Said(
        CheckId.QUOTA,
        _warn,
        to_say(
            "Of the quota of this day {left} mails are left, and the largest campaign of late had "
            "{people} people: request a higher quota, or a sending takes days."
        ),
    ),
    "quota_unknown": Said(
        CheckId.QUOTA, _unknown, to_say("SES did not say what it allows: look again later.")
    ),
    "identity_ok": Said(CheckId.IDENTITY, _ok, to_say("SES has verified {identity}.")),
    "identity_none": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "SES knows neither {address} nor its domain: create the identity {domain} in SES, and "
            "this page shows the records to publish."
        ),
    ),
    "identity_address": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "SES waits for a click in the mail it sent to {identity}: follow that link, or better "
            "verify {domain} as a whole."
        ),
    ),
    "identity_pending": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "SES has not found the records of {identity} yet: publish them, then wait up to 72 "
            "hours."
        ),
    ),
    "identity_host_not_found": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "SES found nothing at the names it asked about {identity}: publish these records at "
            "exactly these names."
        ),
    ),
    "identity_type_not_found": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "At the names SES asked about {identity} there is no CNAME: publish these records with "
            "exactly this type."
        ),
    ),
    "identity_invalid_value": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "The records SES found of {identity} say something else: give them exactly these "
            "values."
        ),
    ),
    "identity_dns_error": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "The name servers of {identity} answered SES with an error: have whoever runs them "
            "mend it."
        ),
    ),
    "identity_failed": Said(
        CheckId.IDENTITY,
        _fail,
        to_say(
            "SES could not verify {identity} and has stopped trying: publish the records, then "
            "start again in SES."
        ),
    ),
    "identity_unknown": Said(
        CheckId.IDENTITY,
        _unknown,
        to_say("SES did not say whether it knows {domain}: look again later."),
    ),
    "events_ok": Said(
        CheckId.EVENTS, _ok, to_say("Everything that becomes of mails is reported to us.")
    ),
    "events_no_set": Said(
        CheckId.EVENTS,
        _fail,
        to_say("SES has no configuration set {set} to report by: deploy the stack again."),
    ),
    "events_missing": Said(
        CheckId.EVENTS,
        _fail,
        to_say(
            "SES reports nothing of these events to a topic: {types}; add them to the event "
            "destination of the configuration set {set}."
        ),
    ),
    "events_other_topic": Said(
        CheckId.EVENTS,
        _warn,
        to_say(
            "SES reports these events to another topic than ours: {types}; add them to the event "
            "destination of {topic}."
        ),
    ),
    "events_silent": Said(
        CheckId.EVENTS,
        _fail,
        to_say(
            "Of the mails sent more than an hour ago nothing was reported: look whether the topic "
            "{topic} still has its subscription, and whether the queue behind it is read."
        ),
    ),
    "events_unknown": Said(
        CheckId.EVENTS, _unknown, to_say("SES did not say where it reports to: look again later.")
    ),
    "tracking_off": Said(CheckId.TRACKING, _ok, to_say("SES itself tracks nobody.")),
    "tracking_events": Said(
        CheckId.TRACKING,
        _fail,
        to_say(
            "SES tracks everybody for the event destination {destination}, whether they consented "
            "or not: take opens and clicks out of it."
        ),
    ),
    "tracking_engagement": Said(
        CheckId.TRACKING,
        _fail,
        to_say(
            "The Virtual Deliverability Manager tracks everybody, whether they consented or not: "
            "switch its engagement tracking off."
        ),
    ),
    "tracking_unknown": Said(
        CheckId.TRACKING, _unknown, to_say("SES did not say whether it tracks: look again later.")
    ),
    "suppression_ok": Said(
        CheckId.SUPPRESSION,
        _ok,
        to_say("SES itself stops mail to addresses that bounced or complained."),
    ),
    "suppression_partial": Said(
        CheckId.SUPPRESSION,
        _warn,
        to_say(
            "SES does not stop mail to addresses after these events: {reasons}; add them to the "
            "suppression list settings of the account, as a second net."
        ),
    ),
    "suppression_unknown": Said(
        CheckId.SUPPRESSION,
        _unknown,
        to_say("SES did not say which addresses it stops mail to: look again later."),
    ),
    "one_click_ok": Said(
        CheckId.ONE_CLICK,
        _ok,
        to_say(
            "Mails offer to unsubscribe with one click, and the page behind it answers; the source "
            "of a test mail shows both headers among those that are signed (h=)."
        ),
    ),
    "one_click_local": Said(
        CheckId.ONE_CLICK,
        _warn,
        to_say(
            "This installation answers on its own machine only, so nobody else can unsubscribe: "
            "send from one with a public https address."
        ),
    ),
    "one_click_other": Said(
        CheckId.ONE_CLICK,
        _fail,
        to_say(
            "Something else answers at {url}, so nobody can unsubscribe there: lead the domain to "
            "this installation."
        ),
    ),
    "one_click_unreachable": Said(
        CheckId.ONE_CLICK,
        _unknown,
        to_say("{url} could not be reached from here: open it in a browser."),
    ),
    "rates_ok": Said(
        CheckId.RATES, _ok, to_say("Of what was sent of late little came back, and few complained.")
    ),
    "rates_near": Said(
        CheckId.RATES,
        _warn,
        to_say(
            "Much comes back from {domains}, or is reported as unwanted: look into it before mail "
            "to it is held back by itself."
        ),
    ),
    "rates_stopped": Said(
        CheckId.RATES,
        _fail,
        to_say(
            "Mail to {domains} is held back, because too much came back or was reported as "
            "unwanted: look into it, then let it go on."
        ),
    ),
    "rates_unknown": Said(
        CheckId.RATES,
        _unknown,
        to_say("What comes back could not be read now: look again later."),
    ),
}
"""By code; codes are part of the API."""

# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, in English.

Guarantees that a report says nothing beyond its evidence: each sentence is fixed here and only
times, ids, numbers and disclosed values are set into it.
"""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # How to read it, and the head
    "title": "Proof of consent",
    "how.ledger": "Each sentence names the entry it rests on. “Entry 2” is a number in this"
    " person's chain of entries, “log entry 17” a place in the controller's ledger, a log that can"
    " only grow. This bundle proves that each entry is in that log, unchanged, and that none is"
    " left out.",
    "how.operator": "What is called “operator's record” is what the controller itself states. It"
    " has been fixed since this bundle was made, and by nothing earlier.",
    "how.zone": "Times are given in UTC and in {city} time, the time zone the controller has set;"
    " the person was not asked for one.",
    "how.utc": "Times are given in UTC; the controller has set no other time zone.",
    "how.clock": "They are the clock of the controller's system. How far they are proven is said"
    " by the verifier's verdict on time.",
    "time.local": "{city} time",
    "head.about": "Person",
    "head.erased": "no longer on record",
    "head.controller": "Controller",
    "head.made": "Made",
    "head.exporter": "Asked for by",
    "head.recipient": "Handed to",
    "head.reason": "Reason",
    "head.asked": "What was asked for",
    "head.entries": "Entries of this person",
    "head.log": "Ledger",
    "head.log.size": "{origin}, {size} entries",
    "head.bundle": "Bundle",
    # Sections
    "sec.summary": "In short",
    "sec.steps": "The two steps of the opt-in",
    "sec.shown": "What was shown",
    "sec.mail": "The confirmation mail as it was sent",
    "sec.privacy": "The privacy text of that day",
    "sec.sent": "Mails sent under it: operator's record",
    "sec.timeline": "Every entry, in order",
    "sec.anchors": "Time stamps",
    "sec.closed": "What was asked for, and what stayed closed",
    "sec.limits": "What this does not prove",
    "sec.check": "How to check it",
    # Scopes and values
    "scope": "e-mail from {brand} (lists: {lists}; purposes: {purposes})",
    "scope.every_brand": "the controller",
    "scope.all": "all",
    "asked": "lists: {lists}; purposes: {purposes}",
    "closed": "left closed in this bundle",
    "erased": "erased",
    "nothing": "nothing recorded",
    "quoted": "“{text}”",
    "sep.value": ": ",
    "sep.part": "; ",
    "entry": "Entry {n}",
    "log_entry": "log entry {index}",
    # The conclusion
    "state.confirmed": "The ledger records that consent to {scope} was given by double opt-in on"
    " {at}. No withdrawal and no objection is recorded up to entry {last}, the last before this"
    " bundle was made.",
    "state.ended": "The ledger records that consent to {scope} was given by double opt-in on {at}."
    " It ended on {ended}: {how}.",
    "state.given": "Consent to {scope} was recorded on {at}, but not by a double opt-in. No"
    " withdrawal and no objection is recorded up to entry {last}, the last before this bundle was"
    " made.",
    "state.given.ended": "Consent to {scope} was recorded on {at}, but not by a double opt-in. It"
    " ended on {ended}: {how}.",
    "state.unconfirmed": "No consent to {scope} is recorded. A sign-up form was submitted on {at},"
    " but it was never confirmed.",
    "state.refused": "No consent to {scope} is recorded. A sign-up form was submitted on {at};"
    " whoever received the confirmation mail refused on {answered}.",
    "state.imported": "No consent to {scope} was given through this system. On {at} the controller"
    " imported this address and stated that there is a consent. That it stated so is proven; the"
    " consent is not.",
    "state.imported.ended": "No consent to {scope} was given through this system. On {at} the"
    " controller imported this address and stated that there is a consent. That it stated so is"
    " proven; the consent is not. It ended on {ended}: {how}.",
    "state.attested": "No consent to {scope} was given through this system. On {at} another system"
    " of the controller stated that there is a consent. That it stated so is proven; the consent is"
    " not.",
    "state.attested.ended": "No consent to {scope} was given through this system. On {at} another"
    " system of the controller stated that there is a consent. That it stated so is proven; the"
    " consent is not. It ended on {ended}: {how}.",
    "state.attested.before": "No consent to {scope} was given through this system. On {at} another"
    " system of the controller stated that there is a consent; before that, on {before}, this was"
    " recorded: {how}. The controller's statement does not lift it.",
    "state.imported.before": "No consent to {scope} was given through this system. On {at} the"
    " controller imported this address and stated that there is a consent; before that, on"
    " {before}, this was recorded: {how}. The controller's statement does not lift it.",
    "state.basis": "No consent to {scope} is recorded. The mails rest on a sale (soft opt-in),"
    " which the controller recorded on {at}. No objection is recorded up to entry {last}, the last"
    " before this bundle was made.",
    "state.basis.ended": "No consent to {scope} is recorded. The mails rested on a sale (soft"
    " opt-in), which the controller recorded on {at}. That ended on {ended}: {how}.",
    "state.basis.before": "No consent to {scope} is recorded. On {at} the controller recorded a"
    " sale (soft opt-in); before that, on {before}, this was recorded: {how}. A sale does not lift"
    " it.",
    "state.erased": "The personal data of this chain were erased on {at} (ground: {ground}). What"
    " remains proves that {count} entries stood before the erasure, of what kind each was and when"
    " it was made. It names nobody, and after {final}, when the last backup of the key is gone,"
    " nobody can open it.",
    "state.none": "This chain records no consent for what was asked for.",
    # Facts
    "fact.request": "{at}: the address {address} was entered in a sign-up form of {brand} and"
    " submitted (entry {n}).",
    "fact.request.unnamed": "{at}: a sign-up form of {brand} was submitted (entry {n}). The"
    " address entered is {closed}.",
    "fact.typed": "It was typed as {typed}.",
    "fact.repeats": "This was done with the button of an expired confirmation link: it repeats the"
    " earlier request {event}, whose form, text and choices these are. The form was not shown"
    " again.",
    "fact.origin": "Network address of origin: {ip}.",
    "fact.origin.none": "No network address of origin is recorded.",
    "fact.origin.closed": "The network address of origin is {closed}.",
    "fact.notice": "The form showed the notice {notice}, published before that as log entry"
    " {index} and reproduced below.",
    "fact.notice.unpublished": "The form showed the notice {notice}; that it was published before"
    " is not part of this bundle.",
    "fact.ticked": "It asked for consent to: {purposes}. No box was ticked when the form was"
    " delivered; whoever submitted it ticked each of these.",
    "fact.ticked.before": "It asked for consent to: {purposes}. The record says that boxes were"
    " already ticked when the form was delivered.",
    "fact.ticked.unknown": "It asked for consent to: {purposes}. How its boxes stood when the form"
    " was delivered is not recorded.",
    "fact.ticked.closed": "It asked for consent to: {purposes}. How its boxes stood when the form"
    " was delivered is {closed}.",
    "fact.mail": "{at}: a confirmation mail was handed over for delivery (entry {n}).",
    "fact.mail.accepted": "The receiving server accepted it on {at} (operator's record).",
    "fact.mail.outcome": "What became of it: {outcome}, {at} (operator's record).",
    "fact.mail.answer": "The server answered: “{answer}”.",
    "fact.mail.unknown": "Whether the receiving server accepted it is not in this bundle.",
    "fact.confirmed": "{at}: the confirmation button was pressed on the page that the link in the"
    " mail leads to (entry {n}). This completed the double opt-in.",
    "fact.confirmed.otherwise": "{at}: the consent was recorded as given {via} (entry {n}). No act"
    " of the person's own through this system is recorded with it.",
    "fact.confirmed.alone": "{at}: consent was recorded as given (entry {n}). This chain holds no"
    " request and no confirmation mail for it.",
    "fact.confirmed.link": "Mail and confirmation name the same request and the same one-time"
    " link.",
    "fact.unconfirmed": "No confirmation is recorded up to entry {last}, the last before this"
    " bundle was made. A request alone is no consent.",
    "fact.refused": "{at}: the request was refused through the link in the mail (entry {n}).",
    "fact.imported": "{at}: the controller imported the address {address} and stated that there is"
    " a consent (entry {n}).",
    "fact.imported.unnamed": "{at}: the controller imported an address and stated that there is a"
    " consent (entry {n}). The address is {closed}.",
    "fact.imported.grade": "Grade of evidence claimed: {grade}.",
    "fact.imported.claimed": "The controller states that the consent was given on {claimed}.",
    "fact.imported.proves": "The ledger proves when this was stated. It does not prove that the"
    " consent was given, by whom, or to what.",
    "fact.attested": "{at}: another system of the controller entered the address {address} and"
    " stated that there is a consent (entry {n}).",
    "fact.attested.unnamed": "{at}: another system of the controller entered an address and stated"
    " that there is a consent (entry {n}). The address is {closed}.",
    "fact.attested.claimed": "It states that the person acted on {claimed}.",
    "fact.attested.origin": "It states {ip} as the network address of origin.",
    "fact.attested.notice": "It states that the notice {notice} was shown; that notice was"
    " published as log entry {index} and is reproduced below.",
    "fact.attested.notice.unpublished": "It states that the notice {notice} was shown; its"
    " publication is not part of this bundle.",
    "fact.attested.ticked": "It states that the boxes for these were ticked: {purposes}. How the"
    " boxes stood before is not recorded.",
    "fact.basis": "{at}: the controller recorded that the address was obtained in a sale (entry"
    " {n}).",
    "fact.basis.proves": "This is no consent. Such mails are allowed only for the controller's own"
    " similar products and only if the person could object at the sale and in each mail (Article"
    " 13(2) of Directive 2002/58/EC); whether that was so, this bundle does not prove.",
    "fact.basis.named": "{at}: the controller recorded that the address {address} was obtained in"
    " a sale (entry {n}).",
    "fact.basis.sale": "It states the sale as “{sale}”, the product as “{product}”, and as its"
    " time {sold}.",
    "fact.basis.objection": "It states that the person was offered to object on {offered}:"
    " “{offer}”.",
    "fact.before": "Before that, on {at}, this was recorded: {how} (entry {n}). What the"
    " controller states afterwards does not lift it. After the statement no withdrawal and no"
    " objection is recorded up to entry {last}, the last before this bundle was made.",
    "fact.changed": "{at}: {event} (entry {n}). It concerns {scope}.",
    "fact.ended": "{at}: {how} (entry {n}). It covers {scope}.",
    "fact.ended.reason": "Reason given: {reason}.",
    "fact.ended.campaign": "It came from the mail of the campaign {campaign} (delivery id"
    " {delivery}).",
    "fact.ended.delivery": "It came from the mail with the delivery id {delivery}.",
    "fact.not_ended": "No withdrawal and no objection is recorded up to entry {last}, the last"
    " before this bundle was made.",
    "fact.stopped": "{at}: {event}, reason: {reason} (entry {n}).",
    "fact.erased": "{at}: the personal data were erased (entry {n}); ground: {ground}. The entry"
    " reveals the key of the chain: with it anyone can count the {count} entries before it, and"
    " open none of them.",
    "fact.erased.final": "After {final} no backup holds a key that opens them.",
    "fact.sent": "Mails of campaigns sent on the strength of it, according to the operator's"
    " record: {count}.",
    # What was sent after the end
    "after.none": "According to the operator's record nothing was sent after the {end}, up to log"
    " entry {index}.",
    "after.some": "According to the operator's record mails were sent after the {end}: {count}."
    " They are marked below.",
    "after.later": "Mails sent after the {end} that rest on a later entry of this chain: {count}.",
    "after.unknown": "What was sent is no longer on record.",
    "after.selective": "This speaks only of the lists and purposes asked for.",
    "after.mark": "after the {end}",
    "end.consent.withdrawn": "withdrawal",
    "end.objection.recorded": "objection",
    "end.consent.expired": "expiry",
    "end.consent.invalidated": "invalidation",
    # The steps
    "col.step": "Step",
    "col.time": "Time",
    "col.origin": "Network address of origin",
    "col.browser": "Browser as it named itself",
    "col.entry": "Entry",
    "step.request": "1. Form submitted",
    "step.mail": "Confirmation mail sent",
    "step.answer": "2. Confirmed",
    "step.refused": "2. Refused",
    "step.none": "2. Not confirmed",
    "step.not_applicable": "–",
    # What was shown, the mail, the privacy text
    "shown.page": "The page exactly as it was shown:",
    "shown.published": "Published on {at} as log entry {index}; named by entries {entries}.",
    "shown.unpublished": "Its publication is not part of this bundle; named by entries {entries}.",
    "shown.no_text": "Its plain text is not part of this bundle; open the page.",
    "shown.none": "No entry names a notice.",
    "mail.heading": "Mail of entry {n}",
    "mail.from": "From",
    "mail.to": "To",
    "mail.subject": "Subject",
    "mail.message_id": "Message id at Amazon SES",
    "mail.file": "With all headers and its HTML part:",
    "mail.absent": "The text of the mail of entry {n} is not in this bundle: it was not needed, is"
    " no longer on record, or its confirmation link still works.",
    "mail.none": "No confirmation mail is recorded.",
    "privacy.page": "The page exactly as it was published:",
    "privacy.recorded": "Recorded on {at} as log entry {index}.",
    "privacy.none": "No privacy text is part of this bundle.",
    # Mails sent
    "sent.note": "This table is the controller's own statement. Proven are only two things: that"
    " the person was planned for a campaign, and what the campaign said. That a mail went out,"
    " when, and what became of it, the controller states. A plan is fixed while its campaign goes"
    " out, so its entry may be a moment later than the first mails.",
    "sent.none": "The operator's record names no mail of a campaign.",
    "sent.gone": "The record of what was sent is gone with the personal data.",
    "sent.allowed": "entry {n} of {at}: {event}",
    "sent.planned": "planned: proven by log entry {index} of {at}",
    "sent.unsent": "no delivery recorded",
    "sent.content": "what it said",
    "sent.answer": "answer: “{answer}”",
    "col.sent": "Handed over",
    "col.campaign": "Campaign",
    "col.allowed": "Allowed by",
    "col.planned": "Plan",
    "col.outcome": "What became of it",
    "outcome.sent": "handed to the mail service",
    "outcome.delivered": "accepted by the receiving server",
    "outcome.delayed": "delayed",
    "outcome.bounced": "sent back by the receiving server",
    "outcome.soft": "not delivered, a passing reason",
    "outcome.full": "not delivered, mailbox full",
    "outcome.expired": "not delivered in time",
    "outcome.content": "refused because of its content",
    "outcome.permanent": "not delivered, the address does not work",
    "outcome.complaint": "reported as spam",
    "outcome.listed": "not sent, the mail service blocks the address",
    "outcome.rejected": "refused by the mail service",
    "outcome.failed": "not sent, it could not be composed",
    "outcome.unknown": "unknown",
    # Timeline
    "col.scope": "Brand, lists, purposes",
    "col.empty": "Nothing recorded",
    "col.closed": "Left closed",
    "col.gone": "Erased",
    "claim.subject": "Who",
    "claim.session": "From where",
    "claim.choice": "What was submitted",
    "claim.link": "Belongs to",
    "member.email": "address",
    "member.email_as_typed": "address as typed",
    "member.ip": "network address",
    "member.ua": "browser",
    "member.url": "page",
    "member.referrer": "came from",
    "member.lang": "language",
    "member.form": "form",
    "member.version": "version of the form",
    "member.prechecked": "boxes ticked beforehand",
    "member.privacy": "privacy text",
    "member.request": "request",
    "member.previous": "hash of the entry before",
    "member.token_sha256": "one-time link (hash)",
    "member.message_id": "message id",
    "member.feedback_id": "feedback id",
    "member.delivery": "delivery id",
    "member.grade": "grade claimed",
    "member.clue": "found by",
    "member.key": "API key",
    "member.claimed_ts": "time claimed",
    "member.source": "source",
    "member.sale": "sale",
    "member.product": "product",
    "member.sale_ts": "time of the sale",
    "member.objection_how": "how the objection was offered",
    "member.objection_ts": "when the objection was offered",
    "member.shown_as": "shown as",
    "member.tag": "campaign tag",
    "member.descriptor": "what was shown (hash)",
    "member.medium": "medium",
    "member.received_at": "received at",
    "member.received_by": "received by",
    "member.rights_request": "rights request",
    "member.reason": "reason",
    "yes": "yes",
    "no": "no",
    # What stayed closed, and time stamps
    "closed.some": "Left closed, because it was not needed for that:",
    "closed.line": "entry {n}: {claims}",
    "closed.none": "Nothing was left closed.",
    "closed.erased": "After the erasure nothing can be opened.",
    "closed.note": "Each entry is committed to what it keeps closed; opening it later changes"
    " nothing.",
    "anchors.line": "{at}: the log as it stood with {size} entries was time-stamped (RFC 3161)."
    " Log entries numbered below {size} existed by then.",
    "anchors.note": "Whether the stamps are genuine, and what they prove, is said by the"
    " verifier's verdict on time.",
    "anchors.none": "No time stamp is part of this bundle: the times rest on the controller's"
    " clock alone.",
    # Events and their ways
    "event.consent.requested": "Consent requested: a form was submitted",
    "event.consent.mail_sent": "Confirmation mail handed over for delivery",
    "event.consent.confirmed": "Consent confirmed",
    "event.consent.refused": "Consent refused",
    "event.consent.renewed": "Consent renewed",
    "event.consent.changed": "Choice of purposes changed",
    "event.consent.withdrawn": "Consent withdrawn",
    "event.consent.expired": "Consent expired",
    "event.consent.invalidated": "Consent declared invalid by the controller",
    "event.consent.imported": "Consent claimed by an import; not given here",
    "event.consent.imported.api": "Consent stated by another system of the controller; not given"
    " here",
    "event.basis.recorded": "Sale recorded as basis (soft opt-in)",
    "event.objection.recorded": "Objection to direct marketing",
    "event.right.requested": "Request of the person recorded",
    "event.right.answered": "Request of the person answered",
    "event.right.extended": "Time to answer a request extended",
    "event.right.refused": "Request of the person refused",
    "event.hold.placed": "Kept for legal claims",
    "event.hold.released": "Kept no longer, or restricted no longer",
    "event.identifier.changed": "Address changed",
    "event.data.unsealed": "Sealed data opened by the controller",
    "event.suppression.added": "Sending to the address stopped",
    "event.subject.restricted": "Processing restricted",
    "event.subject.erased": "Personal data erased",
    "event.bundle.exported": "Proof bundle made",
    "via.list-unsub-post": "by the one-click unsubscribe function of a mail program (RFC 8058)",
    "via.page": "on a page of the controller",
    "via.complaint": "by a spam complaint that the mailbox provider passed on",
    "via.reply": "by a reply to a mail",
    "via.operator": "by the controller's own staff",
    "via.api": "through another system of the controller",
    # Reasons and grades
    "reason.access": "access",
    "reason.rectification": "rectification",
    "reason.erasure": "erasure",
    "reason.restriction": "restriction",
    "reason.portability": "portability",
    "reason.objection": "objection",
    "reason.legal-claim": "legal claims",
    "reason.legal-duty": "a legal duty",
    "reason.ended": "no longer needed",
    "reason.not-the-person": "it was not the person who answered",
    "reason.notice-defect": "what was shown had a defect",
    "reason.evidence-lost": "the evidence was lost",
    "reason.policy": "the controller's own rule",
    "reason.search": "search",
    "reason.proof": "proof",
    "reason.access-request": "request for access by the person",
    "reason.support": "help asked for by the person",
    "reason.bounce": "mail to the address came back",
    "reason.complaint": "complaint about spam",
    "reason.bundle.exported.complaint": "complaint",
    "reason.manual": "decided by the controller",
    "reason.unsubscribed": "unsubscribed",
    "reason.erased": "personal data erased",
    "reason.accuracy-contested": "the person contests the accuracy",
    "reason.unlawful": "unlawful processing",
    "reason.erasure-requested": "erasure asked for",
    "reason.not-needed": "no longer needed for the purpose",
    "reason.withdrawn": "consent withdrawn",
    "reason.child": "data of a child",
    "reason.unconfirmed": "the request was never confirmed",
    "reason.authority": "request of an authority",
    "reason.audit": "audit",
    "grade.A": "A, double opt-in with proven time",
    "grade.B": "B, double opt-in",
    "grade.C": "C, stated by the controller",
    "grade.D": "D, an import for which the controller says it keeps documents",
    "grade.E": "E, an import with nothing but the controller's word",
    "grade.none": "none; without documents it is worth no more than the controller's word (E)",
    # Limits, and how to check
    "limit.1": "It does not prove that the person behind a mailbox is a particular natural person.",
    "limit.2": "It does not prove that an act which the controller never wrote down did not"
    " happen.",
    "limit.3": "Network addresses, browser names and pages are what the visitor's software stated.",
    "limit.4": "Times are the controller's clock unless the verdict on time says otherwise.",
    "limit.5": "What is called operator's record is the controller's statement and is not proven.",
    "limit.6": "Only a reader of the whole log would notice two entries written for one place in"
    " the chain.",
    "limit.7": "The log's key is trusted only through a policy file obtained elsewhere than in the"
    " bundle.",
    "check.1": "This page is only a reading aid, and nothing is proven by it. Run the verifier on"
    " the whole bundle; README.txt says how, with our tools and with none of ours. An edited page"
    " fails the verdict integrity.",
    "check.2": "Get verifier and policy file elsewhere than from this bundle: the verifier from"
    " the project's repository, the policy from the controller's page {policy}, or from somebody"
    " who watches the log.",
    # README.txt
    "readme.title": "Proof bundle",
    "readme.inside": "What is inside",
    "readme.file.manifest.json": "SHA-256 and size of every file but the two export files",
    "readme.file.policy.txt": "which keys the controller publishes for its log",
    "readme.file.checkpoint.note": "the signed state of the log that every proof leads to",
    "readme.file.chain.json": "the key that shows these entries to be the whole chain, and their"
    " number",
    "readme.file.events/": "each entry: leaf, opened values, inclusion proof",
    "readme.file.mails/": "confirmation mails as they were sent",
    "readme.file.notices/": "what was shown, byte for byte, and the entry that published it",
    "readme.file.privacy/": "the privacy text of that day, and the entry that recorded it",
    "readme.file.campaigns/": "what campaigns said, and that the person was planned for them",
    "readme.file.deliveries.json": "what was sent when: operator's record, not proven",
    "readme.file.anchors/": "time stamps (RFC 3161) over earlier states of the log",
    "readme.file.record.jsonld": "the consent record (ISO/IEC TS 27560)",
    "readme.file.receipt.jsonld": "the same as a receipt",
    "readme.file.report.html": "all of it in words, to read and print",
    "readme.file.export.*": "the log entry made when this bundle was made; commits to"
    " manifest.json",
    "readme.verify": "To verify",
    "readme.get": "Take verifier and policy.txt from somewhere else than this bundle: the"
    " verifier\n"
    "from the repository of the project Kvitto (tools/), the policy from the controller's\n"
    "page /ledger/policy or from somebody who watches the log. Neither needs a network.",
    "readme.python": 'With Python 3.9 or newer and its package "cryptography":',
    "readme.verdicts": "Each line is a verdict of its own: PASS, FAIL, or NOT PROVEN (the bundle"
    " holds\n"
    "nothing that could prove it). Read all of them.",
    "readme.browser": "Or open verify_proof.html in a browser and give it this file and"
    " policy.txt.\n"
    "Nothing leaves the computer.",
    "readme.openssl": "With openssl and standard tools only",
    "readme.signature": "Unzip. The log's signature on checkpoint.note (OpenSSL 3):",
    "readme.files": "The SHA-256 of each file is in manifest.json; that of manifest.json is"
    ' "man" in\n'
    "   export.leaf.json:",
    "readme.leaf": "An entry's leaf hash, to be combined with the hashes in its .tlog-proof (RFC"
    " 6962):",
    "readme.disclosure": "An opened value: each line of a .disclosures file is base64url of [salt,"
    " name,\n"
    '   value]; the base64url of the line\'s SHA-256 (without newline) stands in "_sd" of the'
    " leaf.",
    "readme.stamp": "A time stamp, where there is one; roots.pem holds the root certificates that"
    " you\n"
    "   trust, SIZE is the number in the file's name:",
}

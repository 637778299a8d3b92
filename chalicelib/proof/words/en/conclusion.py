# SPDX-License-Identifier: Apache-2.0
"""In English: what a report concludes, and the facts it concludes from."""

from collections.abc import Mapping
from typing import Final

CONCLUSION: Final[Mapping[str, str]] = {
    # The conclusion
    "state.confirmed": "The ledger records that consent to {scope} was given by double opt-in on"
    " {at}. No withdrawal and no objection is recorded up to entry {last}, the last before this"
    " bundle was made.",
    "state.confirmed.part": "The ledger records that consent to {scope} was given by double opt-in"
    " on {at}. Part of it was taken back later; up to entry {last}, the last before this bundle was"
    " made, this part never was: {left}.",
    "state.ended": "The ledger records that consent to {scope} was given by double opt-in on {at}."
    " It ended on {ended}: {how}.",
    "state.given": "Consent to {scope} was recorded on {at}, but not by a double opt-in. No"
    " withdrawal and no objection is recorded up to entry {last}, the last before this bundle was"
    " made.",
    "state.given.part": "Consent to {scope} was recorded on {at}, but not by a double opt-in. Part"
    " of it was taken back later; up to entry {last}, the last before this bundle was made, this"
    " part never was: {left}.",
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
    "state.waiting": "No consent to {scope} was given through this system. On {at} the controller"
    " imported this address and stated that there is a consent, but holds that statement back by"
    " its own rule: no mail rests on it.",
    "state.waiting.ended": "No consent to {scope} was given through this system. On {at} the"
    " controller imported this address and stated that there is a consent, but holds that"
    " statement back by its own rule: no mail rests on it. It ended on {ended}: {how}.",
    "state.waiting.before": "No consent to {scope} was given through this system. On {at} the"
    " controller imported this address and stated that there is a consent, but holds that"
    " statement back; before that, on {before}, this was recorded: {how}. The controller's"
    " statement does not lift it.",
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
    "fact.imported.waiting": "The controller holds this statement back by its own rule: no mail"
    " rests on it until the person acts.",
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
    "fact.moved": "{at}: {event}, from {before} to {address} (entry {n}). The entry begins and ends"
    " no consent: what was agreed to under {before} is the same person’s.",
    "fact.moved.unnamed": "{at}: {event} (entry {n}). From which address to which: {closed}.",
    "fact.not_ended.part": "Part of it was taken back. Up to entry {last}, the last before this"
    " bundle was made, this part never was: {left}.",
    "fact.stopped": "{at}: {event}, reason: {reason} (entry {n}).",
    "fact.stopped.narrow": "{at}: {event}, reason: {reason}; this concerns {scope} (entry {n}).",
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
    "end.consent.changed": "change",
    "end.objection.recorded": "objection",
    "end.consent.expired": "expiry",
    "end.consent.invalidated": "invalidation",
}

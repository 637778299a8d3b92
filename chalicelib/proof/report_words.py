# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, by language; English is complete, others fall back.

Guarantees that a report says nothing beyond its evidence: each sentence is fixed here and only
dates, ids and disclosed values are set into it.
"""

from collections.abc import Mapping
from typing import Final

LIMITS_EN: Final = (
    "It does not prove that the person behind a mailbox is a particular natural person.",
    "It does not prove that an act which the operator never wrote down did not happen.",
    "Addresses of origin, browser names and pages are what the visitor's software stated.",
    "Times are the operator's clock unless the verdict on time says otherwise.",
    "Only a reader of the whole log would notice two entries written for one place in the chain.",
    "The log's key is trusted only through a policy file obtained elsewhere than in the bundle.",
)

_EVENTS_EN: Final = {
    "consent.requested": "Consent requested: the form was submitted",
    "consent.mail_sent": "Confirmation mail handed over for delivery",
    "consent.confirmed": "Consent confirmed: the confirmation was submitted",
    "consent.refused": "Consent refused",
    "consent.renewed": "Consent renewed",
    "consent.changed": "Choice of purposes changed",
    "consent.withdrawn": "Consent withdrawn",
    "consent.expired": "Consent expired",
    "consent.invalidated": "Consent invalidated",
    "consent.imported": "Consent claimed by an import; not given here",
    "basis.recorded": "Soft opt-in recorded from a sale",
    "objection.recorded": "Objection to direct marketing recorded",
    "right.requested": "Request by the person recorded",
    "right.answered": "Request by the person answered",
    "right.extended": "Time to answer a request extended",
    "right.refused": "Request by the person refused",
    "hold.placed": "Kept for legal claims",
    "hold.released": "No longer kept for legal claims",
    "identifier.changed": "Address changed",
    "data.unsealed": "Sealed data opened",
    "suppression.added": "Address suppressed: no more mail",
    "subject.restricted": "Processing restricted",
    "subject.erased": "Personal data erased",
    "bundle.exported": "Proof bundle made",
}

_VIAS_EN: Final = {
    "list-unsub-post": "by the unsubscribe button of the mail program (RFC 8058)",
    "page": "on a page of the controller",
    "complaint": "by a spam complaint",
    "reply": "by a reply",
    "operator": "by the operator",
    "api": "through the programming interface",
}

_CLAIMS_EN: Final = {
    "subject": "Who",
    "session": "From where",
    "choice": "What was submitted",
    "link": "Belongs to",
}

_EN: Final = {
    "title": "Proof of consent",
    "about": "Subject",
    "controller": "Controller",
    "made": "Made",
    "exporter": "Made for",
    "recipient": "Recipient",
    "reason": "Reason",
    "asked": "Lists and purposes asked for",
    "all": "all",
    "log": "Ledger",
    "entries": "Entries of this person up to the export",
    "summary": "In short",
    "request": "Step 1, request",
    "confirmation": "Step 2, confirmation",
    "withdrawal": "Withdrawal or objection",
    "none": "None recorded up to the export entry.",
    "origin": "address of origin",
    "closed_value": "left closed in this bundle",
    "shown": "What was shown",
    "shown_page": "The page exactly as shown is in the file",
    "no_text": "No committed plain text is in this bundle; open the page.",
    "timeline": "Every entry, in order",
    "time": "Time (UTC)",
    "what": "What happened",
    "scope": "Brand, lists, purposes",
    "details": "Opened",
    "position": "Log entry",
    "closed": "Left closed",
    "empty": "nothing recorded",
    "limits": "What this does not prove",
    "check": "How to check it",
    "check_text": "This page is only a reading aid. Run the verifier on the whole bundle, with a"
    " policy file obtained elsewhere; README.txt says how. A changed page fails the verdict"
    " integrity.",
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = {"en": _EN}
EVENTS: Final[Mapping[str, Mapping[str, str]]] = {"en": _EVENTS_EN}
VIAS: Final[Mapping[str, Mapping[str, str]]] = {"en": _VIAS_EN}
CLAIMS: Final[Mapping[str, Mapping[str, str]]] = {"en": _CLAIMS_EN}
LIMITS: Final[Mapping[str, tuple[str, ...]]] = {"en": LIMITS_EN}

README: Final = """\
Proof bundle {bundle_id}
About: {subject}
Controller: {controller}
Ledger: {origin}

WHAT IS INSIDE
manifest.json      SHA-256 and size of every file but the two export files
policy.txt         which log key (and witnesses) the operator publishes
checkpoint.note    the signed state of the ledger that every proof leads to
events/            each entry of this person: leaf, opened disclosures, inclusion proof
chain.json         the key that shows these entries are the whole chain, and their number
notices/           what was shown, byte for byte, and the entry that published it
report.html        the same for reading and printing
export.*           the ledger entry made at export; it commits to manifest.json

TO VERIFY
Take verify_proof.py and policy.txt from somewhere else than this bundle (the project's
repository; the controller's page /ledger/policy; a witness). Then, without network:
    python verify_proof.py BUNDLE.zip --policy policy.txt
It needs Python 3.9 or newer and the package "cryptography". Each line is a verdict of its own:
PASS, FAIL, or NOT PROVEN (the bundle holds nothing that could prove it).

WITH OPENSSL AND STANDARD TOOLS ONLY (unzip first)
1. The log's signature on checkpoint.note (OpenSSL 3):
    head -n 3 checkpoint.note > text
    KEY=$(grep '^log ' policy.txt | head -n 1 | cut -d ' ' -f 2 | cut -d + -f 3-)
    {{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
      echo "$KEY" | base64 -d | tail -c 32; }} > key.der
    ORIGIN=$(head -n 1 checkpoint.note)
    grep -F "$(printf '\\342\\200\\224') $ORIGIN " checkpoint.note | head -n 1 |
      sed 's/.* //' | base64 -d | tail -c 64 > sig
    openssl pkeyutl -verify -pubin -inkey key.der -keyform DER -rawin -in text -sigfile sig
2. The files: the SHA-256 of each is in manifest.json, and the SHA-256 of manifest.json is
   "man" in export.leaf.json:
    openssl dgst -sha256 manifest.json report.html
3. An entry: its leaf hash, to be combined with the hashes in its .tlog-proof (RFC 6962):
    {{ printf '\\000'; cat events/0.leaf.json; }} | openssl dgst -sha256 -binary | base64
4. An opened value: each line of a .disclosures file is base64url of [salt, name, value]; the
   base64url of the SHA-256 of the line (without its newline) stands in "_sd" of the leaf.

WHAT IT DOES NOT PROVE
{limits}
"""


def of(table: Mapping[str, Mapping[str, str]], language: str, word: str) -> str:
    """The words for `word` in `language`, else in English, else `word` itself."""
    english = table["en"].get(word, word)
    return table.get(language, {}).get(word, english)

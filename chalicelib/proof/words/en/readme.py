# SPDX-License-Identifier: Apache-2.0
"""In English: what a bundle does not prove, how to check it, and its README."""

from collections.abc import Mapping
from typing import Final

README: Final[Mapping[str, str]] = {
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

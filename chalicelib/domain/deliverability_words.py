# SPDX-License-Identifier: Apache-2.0
"""Everything the doctor can say: by code, a check, a verdict and one sentence."""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.account_check_words import ACCOUNT
from chalicelib.domain.deliverability import Check, DnsRecord, Said
from chalicelib.domain.dns_check_words import DNS

SENTENCES: Final[Mapping[str, Said]] = {**ACCOUNT, **DNS}
"""By code; codes are part of the API."""


def said(code: str, *records: DnsRecord, **facts: str | int) -> Check:
    """Return the check a code stands for.

    Raises:
        KeyError: there is no such code.
    """
    found = SENTENCES[code]
    return Check(
        id=found.id,
        code=code,
        verdict=found.verdict,
        text=found.text,
        facts=facts,
        records=records,
    )

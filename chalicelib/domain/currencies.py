# SPDX-License-Identifier: Apache-2.0
"""The currencies of ISO 4217, each with the digits of its minor unit.

Guarantees that an amount in minor units has one meaning. Nothing here converts one into another.

Source: ISO 4217:2015, list one; of the withdrawn codes those that a purchase of
the last three years may still have been made in. Funds, metals and testing codes are no money.
"""

from collections.abc import Mapping
from types import MappingProxyType

_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_CENTS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
    "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
)
_MILLS = "BHD IQD JOD KWD LYD OMR TND"

MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    dict(
        sorted(
            (code, digits)
            for digits, codes in ((0, _NO_MINOR_UNIT), (2, _CENTS), (3, _MILLS))
            for code in codes.split()
        )
    )
)
"""Code → decimal digits of the minor unit: 1234 is 12.34 SEK, 1,234 JPY and 1.234 KWD."""

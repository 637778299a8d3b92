# SPDX-License-Identifier: Apache-2.0
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.networks import network_of


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_every_address_of_one_ipv6_network_has_one_name(one, other):
    prefix = 0x20010DB800010001 << 64
    written = [str(IPv6Address(prefix | host)) for host in (one, other)]
    assert {network_of(text) for text in written} == {"2001:db8:1:1::/64"}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.8", "192.0.2.8"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:C000:0207", "192.0.2.7"),
        ("2001:DB8:1:1:0:0:0:1", "2001:db8:1:1::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not an address", "not an address"),
        ("192.0.2.7, 198.51.100.4", "192.0.2.7, 198.51.100.4"),
    ],
)
def test_an_address_belongs_to_this_network(address, network):
    assert network_of(address) == network

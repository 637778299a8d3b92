# SPDX-License-Identifier: Apache-2.0
"""The network a budget belongs to: what one household or machine can change freely is one network.

Guarantees one name for every way to write the same address. Refuses nothing: what is no address
is a network of its own.
"""

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network

PREFIX_BITS = 64
"""The smallest network a site is given in IPv6; within it every host picks its own address."""


def network_of(address: str) -> str:
    """Return the network of a source address: an IPv4 address itself, of IPv6 the /64.

    Args:
        address: as the gateway saw it; IPv4 written as IPv6 counts as IPv4.

    Example:
        >>> network_of("192.0.2.7"), network_of("2001:db8:1:1::7")
        ('192.0.2.7', '2001:db8:1:1::/64')

    Source: RFC 4291 sections 2.5.4 and 2.5.5.2; RFC 6177.
    """
    try:
        return str(IPv4Address(address))
    except AddressValueError:
        pass
    try:
        found = IPv6Address(address.partition("%")[0])
    except AddressValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), PREFIX_BITS), strict=False))

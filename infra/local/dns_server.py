# SPDX-License-Identifier: Apache-2.0
"""The local stack's DNS server: UDP and TCP on 127.0.0.1, answering from a `Zone`.

It guarantees answers in DNS's own format, cut off over UDP where they are longer than whoever asks
can take, so that they come again over TCP. It asks no other server, so no look leaves this machine.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from infra.local.dns_zone import ServerFailureError, SilenceError, Zone

_TTL_S = 1
_PLAIN_UDP_BYTES = 512
_STRING_BYTES = 255
_LENGTH = struct.Struct("!H")
_TRIES = 20
_CHAIN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDns:
    """A running server: where it answers, and what it answers from."""

    address: str
    zone: Zone


def start(zone: Zone) -> LocalDns:
    """Serve a zone in threads of its own, at a port that is free both ways.

    Raises:
        OSError: there is no such port.
    """
    udp, tcp = _listening()
    udp.zone = tcp.zone = zone
    for server, name in ((udp, "dns-udp"), (tcp, "dns-tcp")):
        threading.Thread(target=server.serve_forever, name=name, daemon=True).start()
    return LocalDns(address=f"127.0.0.1:{udp.server_address[1]}", zone=zone)


def reply(asked: bytes, zone: Zone, *, udp: bool) -> bytes | None:
    """Return the answer to a message, or None when there shall be none."""
    try:
        query = dns.message.from_wire(asked)
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        answer = _answer(query, zone)
    except (dns.exception.DNSException, SilenceError):
        return None
    limit = 65_535
    if udp:
        limit = max(query.payload, _PLAIN_UDP_BYTES) if query.edns >= 0 else _PLAIN_UDP_BYTES
    return answer.to_wire(max_size=limit, prefer_truncation=True)


def _answer(query: dns.message.Message, zone: Zone) -> dns.message.Message:
    answer = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    name, kind = question.name, dns.rdatatype.to_text(question.rdtype)
    try:
        for _ in range(_CHAIN):
            found = zone.look(name.to_text(), kind)
            if found.alias:
                answer.answer.append(_records(name, "CNAME", (found.alias,)))
                name = dns.name.from_text(found.alias)
                continue
            if found.values:
                answer.answer.append(_records(name, kind, found.values))
            elif not found.exists:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            break
    except ServerFailureError:
        answer.set_rcode(dns.rcode.SERVFAIL)
    return answer


def _records(name: dns.name.Name, kind: str, values: tuple[str, ...]) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, _TTL_S, [_data(kind, value) for value in values])


def _data(kind: str, value: str) -> dns.rdata.Rdata:
    if kind == "TXT":
        raw = value.encode("utf-8", "surrogateescape")
        parts = [raw[at : at + _STRING_BYTES] for at in range(0, len(raw), _STRING_BYTES)]
        return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, parts or [b""])
    text = value if kind in ("A", "AAAA") or value.endswith(".") else value + "."
    return dns.rdata.from_text("IN", kind, text)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    zone: Zone


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    zone: Zone


class _Packet(socketserver.BaseRequestHandler):
    """One question over UDP."""

    def handle(self) -> None:
        asked, socket = self.request
        answer = reply(asked, self.server.zone, udp=True)  # type: ignore[attr-defined]
        if answer is not None:
            socket.sendto(answer, self.client_address)


class _Connection(socketserver.StreamRequestHandler):
    """Questions over one TCP connection, until the other side ends it."""

    timeout = 10

    def handle(self) -> None:
        try:
            while len(length := self.rfile.read(_LENGTH.size)) == _LENGTH.size:
                asked = self.rfile.read(_LENGTH.unpack(length)[0])
                answer = reply(asked, self.server.zone, udp=False)  # type: ignore[attr-defined]
                if answer is None:
                    return
                self.wfile.write(_LENGTH.pack(len(answer)) + answer)
        except OSError:
            return  # The other side went away, or said nothing for long.


def _listening() -> tuple[_Udp, _Tcp]:
    for last in range(_TRIES - 1, -1, -1):
        udp = _Udp(("127.0.0.1", 0), _Packet)
        try:
            return udp, _Tcp(("127.0.0.1", udp.server_address[1]), _Connection)
        except OSError:
            udp.server_close()
            if not last:
                raise
    raise AssertionError

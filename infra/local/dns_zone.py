# SPDX-License-Identifier: Apache-2.0
"""What the local stack's DNS says of names: everything takes mail, unless its name says otherwise.

It guarantees that any address can be tried without a network: every domain has an MX record and an
address, except these and what is below them.

| domain | says |
|---|---|
| nomail.test | it takes no mail (a null MX) |
| onlya.test | an address, and no MX record |
| missing.test | there is no such name |
| broken.test | the server's fault (SERVFAIL) |
| silent.test | nothing at all |

Names with an underscore, and records of other types than MX and A, exist where they were planted.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
HOST = "192.0.2.10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a name.

    Args:
        exists: False: there is no such name.
        values: of the type that was asked for.
        alias: the name it stands for, when another type than CNAME was asked for.
    """

    exists: bool = True
    values: tuple[str, ...] = ()
    alias: str = ""


class Zone:
    """The names. Methods are safe to call from several threads."""

    def __init__(self) -> None:
        self._planted: dict[str, dict[str, tuple[str, ...]]] = {}
        self._lock = Lock()

    def plant(self, name: str, kind: str, values: tuple[str, ...] | None) -> None:
        """Give a name these values; none at all, or None for what it had at the start.

        Args:
            values: MX as ``10 mx.example.org``, TXT of any length, CNAME a name.

        Raises:
            ValueError: there is no such type.
        """
        if kind not in TYPES:
            raise ValueError(f"a type is one of {', '.join(TYPES)}")
        with self._lock:
            of_name = self._planted.setdefault(_plain(name), {})
            if values is None:
                of_name.pop(kind, None)
            else:
                of_name[kind] = values
            if not of_name:
                del self._planted[_plain(name)]

    def planted(self) -> list[dict[str, object]]:
        """Return what was planted, by name."""
        with self._lock:
            return [
                {"name": name, "type": kind, "values": list(values)}
                for name, of_name in sorted(self._planted.items())
                for kind, values in sorted(of_name.items())
            ]

    def look(self, name: str, kind: str) -> Found:
        """Return what a name has of a type.

        Raises:
            ServerFailureError, SilenceError: as the table above says.
        """
        name = _plain(name)
        with self._lock:
            of_name = dict(self._planted.get(name, {}))
            has_below = any(each.endswith("." + name) for each in self._planted)
        if kind in of_name:
            return Found(values=of_name[kind])
        if of_name.get("CNAME"):
            return Found(alias=of_name["CNAME"][0])
        if _is_in(name, "silent.test"):
            raise SilenceError
        if _is_in(name, "broken.test"):
            raise ServerFailureError
        is_hidden = name.startswith("_") or "._" in name
        if _is_in(name, "missing.test") or is_hidden:
            return Found(exists=bool(of_name) or has_below)
        return Found(values=_everywhere(name).get(kind, ()))


class ServerFailureError(Exception):
    """The server cannot say."""


class SilenceError(Exception):
    """The server does not answer."""


def _everywhere(name: str) -> dict[str, tuple[str, ...]]:
    if _is_in(name, "nomail.test"):
        return {"MX": ("0 .",), "A": (HOST,)}
    if _is_in(name, "onlya.test"):
        return {"A": (HOST,)}
    return {"MX": (f"10 mx.{name}",), "A": (HOST,)}


def _is_in(name: str, tree: str) -> bool:
    return name == tree or name.endswith("." + tree)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()

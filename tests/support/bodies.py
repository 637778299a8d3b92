# SPDX-License-Identifier: Apache-2.0
"""Bodies made of what mail parsers stumble over, the same for the same seed."""

from collections.abc import Iterator

from tests.support.clock import SeededRandom

MULTIPART_TYPE = "multipart/form-data; boundary=b"
_PIECES = (
    *(b"--b", b"--b--", b"\r\n", b"\n", b"\r", b": ", b"; ", b"=", b'"', b"'", b"%", b"%ff", b"\\"),
    *(b"Content-Disposition: form-data; ", b"Content-Type: ", b"Content-Transfer-Encoding: "),
    *(b"name=", b"name*=", b"name*0=", b"name*1*=", b"a*", b"utf-8''", b"filename="),
    *(b"filename*=", b"multipart/mixed; boundary=b", b"message/rfc822", b"text/plain; charset=x"),
    *(b"quoted-printable", b"base64", b"x-uuencode", b"=?utf-8?q?=ff?=", b"=?x?b?!?=", b"\xff"),
    *(b"\x00", b"<(", b"List-Unsubscribe", b"One-Click", b" ", b"\t", b"x" * 80),
)
_MOST = 30


def random_bodies(seed: int, count: int) -> Iterator[bytes]:
    """Yield ``count`` bodies for the type `MULTIPART_TYPE`; a few of them are whole."""
    random = SeededRandom(seed)
    for _ in range(count):
        begins, ends, length, *chosen = random(3 + _MOST)
        start = b"--b\r\nContent-Disposition: form-data; " * (begins % 2)
        pieces = b"".join(_PIECES[n % len(_PIECES)] for n in chosen[: 1 + length % _MOST])
        yield start + pieces + b"\r\n\r\n1\r\n--b--\r\n" * (ends % 2)

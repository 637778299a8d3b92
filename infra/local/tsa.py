# SPDX-License-Identifier: Apache-2.0
"""The local stack's time-stamping authority: RFC 3161 over HTTP, answered by `openssl ts`.

It guarantees real time stamps of this machine's clock, by software nobody here wrote, under a root
made once and kept beside the other keys. It refuses everything but a time-stamp query, and to be
more than it is: anybody who can read the key folder can stamp any time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from infra.local.http_server import Answer, HttpServer, Request

QUERY = "application/timestamp-query"
REPLY = "application/timestamp-reply"
_MAX_QUERY_BYTES = 16 * 1024
_TIMEOUT_S = 10
_OWNER_ONLY = 0o077
_ROOT, _SIGNER = "root", "signer"
_CONFIGURATION = """\
[req]
distinguished_name = name
prompt = no
[name]
O = Kvitto local stack
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = local
[local]
serial = serial
crypto_device = builtin
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 2.999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAuthority:
    """Where the authority answers, and the PEM file of its root."""

    url: str
    roots: Path


def start(keys: Path, port: int = 0) -> LocalAuthority:
    """Serve an authority on 127.0.0.1 in a thread of its own; make its keys if there are none.

    Raises:
        OSError, subprocess.SubprocessError: openssl is not there, or could not make the keys.
    """
    folder = keys / "tsa"
    if not folder.exists():
        _make_keys(folder)
    _write(folder / "openssl.cnf", _CONFIGURATION)
    server = HttpServer(("127.0.0.1", port), _Responder(folder), max_body_bytes=_MAX_QUERY_BYTES)
    threading.Thread(target=server.serve_forever, name="tsa", daemon=True).start()
    return LocalAuthority(url=f"http://127.0.0.1:{server.port}/", roots=folder / f"{_ROOT}.pem")


class _Responder:
    """Answers one query at a time: serial numbers come from one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer:
        if request.method != "POST" or request.header("Content-Type") != QUERY:
            return Answer(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        command = ("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "/dev/stdin")
        with self._lock:
            reply = _openssl(self._folder, command, request.body)
        if reply.returncode or not reply.stdout:
            return Answer(status=HTTPStatus.BAD_REQUEST)
        return Answer(status=HTTPStatus.OK, headers=(("Content-Type", REPLY),), body=reply.stdout)


def _make_keys(folder: Path) -> None:
    """Make a root and a signer below it; the folder appears whole or not at all."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="tsa-", dir=folder.parent))
    _write(making / "openssl.cnf", _CONFIGURATION)
    _write(making / "serial", "01\n")
    try:
        _sign(making)
        making.rename(folder)
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(making)
        raise


def _sign(folder: Path) -> None:
    """Write key and certificate of the root, and of the signer below it."""
    below = ("-CA", f"{_ROOT}.pem", "-CAkey", f"{_ROOT}.key", "-set_serial", "2")
    for name, issuer in ((_ROOT, ("-signkey", f"{_ROOT}.key")), (_SIGNER, below)):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.csr")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        subject = ("-subj", f"/O=Kvitto local stack/CN=Time {name}")
        config = ("-config", "openssl.cnf")
        _made(folder, ("req", "-new", *config, *key, *subject, *files))
        extensions = ("-extfile", "openssl.cnf", "-extensions", name, "-days", "3650")
        signed = ("-in", f"{name}.csr", "-out", f"{name}.pem", "-sha256")
        _made(folder, ("x509", "-req", *issuer, *extensions, *signed))


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")


def _made(folder: Path, command: Sequence[str]) -> None:
    done = _openssl(folder, command)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, stderr=done.stderr)


def _openssl(
    folder: Path, command: Sequence[str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ("openssl", *command),
        cwd=folder,
        input=given,
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
        umask=_OWNER_ONLY,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)},
    )

# SPDX-License-Identifier: Apache-2.0
"""Another newsletter engine's sender on the same machine, against the same SES that only counts.

It guarantees the peer's own code, at a fixed version in an environment of its own (`.local/peers`,
made at the first run), its own database and its own way to SES. Kvitto neither ships nor imports
it. Where its package cannot be had the line says so and has no figure to compare.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from infra.bench.line import Line, page_html
from infra.bench.sink import null_aws

PEER: Final = "museletter"
VERSION: Final = "1.5.0"
"""Source: https://pypi.org/project/museletter/"""
ROOT: Final = Path(__file__).resolve().parents[2]
HOME: Final = ROOT / ".local" / "peers" / f"{PEER}-{VERSION}"
RUNNER: Final = Path(__file__).with_name("peer_museletter.py")
INSTALL_S: Final = 300


def peers(size: int) -> Iterator[Line]:
    """Print what the peer's sender takes for mails as large as ours, to ``size`` people."""
    python, problem = _installed()
    if python is None:
        yield Line(
            bench=f"peer.{PEER}",
            value=0.0,
            unit="not installed: no figure",
            n=size,
            more={"version": VERSION, "problem": problem},
        )
        return
    with null_aws() as endpoint, tempfile.TemporaryDirectory() as folder:
        before, sent_before = endpoint.counted(), endpoint.sent_bytes()
        page = Path(folder) / "page.html"
        page.write_text(_page(), encoding="utf-8")
        found = _run(python, endpoint.url, folder, size)
        counted = endpoint.counted().plus(before.scaled(-1))
        sent_bytes = endpoint.sent_bytes() - sent_before
    if found["sent"] != size:
        raise AssertionError(f"{PEER} sent {found['sent']} of {size}")
    yield Line(
        bench=f"peer.{PEER}",
        value=found["cpu_s"] / size * 1000,
        unit="CPU seconds per 1,000",
        n=size,
        cpu_s=found["cpu_s"],
        peak_rss_mib=found["peak_rss_mib"],
        calls=counted.scaled(1 / size).requests,
        more={
            "version": VERSION,
            "per_cpu_s": size / found["cpu_s"],
            "per_wall_s": size / found["wall_s"],
            "bytes_per_mail_to_ses": sent_bytes / size,
            "is": "its send loop on its own SQLite database and SES client, no pause between mails",
        },
    )


def _page() -> str:
    """Return our mail in the peer's own template language: as long, as many links."""
    html = page_html().replace("{{ first_name | default('friend') }}", "{{first_name|friend}}")
    start, end = html.index("<p>You get"), html.index("</p>", html.index("<p>You get"))
    return html[:start] + "<p>You get News, {{first_name|friend}}." + html[end:]


def _installed() -> tuple[Path | None, str]:
    """Return the Python of the peer's environment, made if need be, or None and why not."""
    python = HOME / "bin" / "python"
    done = HOME / "installed"
    if done.exists():
        return python, ""
    venv.create(HOME, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", f"{PEER}=={VERSION}"]
    try:
        made = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired:
        return None, "the package registry did not answer in time"
    if made.returncode:
        return None, "pip found no such package, or could not install it"
    done.touch()
    return python, ""


def _run(python: Path, url: str, folder: str, size: int) -> dict[str, Any]:
    command = [str(python), str(RUNNER), url, folder, str(size)]
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    kept = {"PATH": os.environ.get("PATH", ""), **keys}
    made = subprocess.run(command, env=kept, stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        sys.exit(f"The benchmark of {PEER} failed; its message is above.")
    found: dict[str, Any] = json.loads(made.stdout)
    return found

# SPDX-License-Identifier: Apache-2.0
"""museletter 1.5.0 sending one campaign, in the environment that `infra.bench.peers` makes for it.

It guarantees museletter's own schema, send loop and SES client; only the endpoint is another, and
the rate is set so high that no mail waits. Nothing of Kvitto is imported here.

Run as ``python peer_museletter.py URL FOLDER SIZE``: prints one JSON object.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from museletter.config import Settings  # type: ignore[import-not-found]
from museletter.db import (  # type: ignore[import-not-found]
    ensure_default_list,
    ensure_secret,
    open_db,
    utcnow,
)
from museletter.sender import SenderLoop  # type: ignore[import-not-found]
from museletter.ses import SESClient  # type: ignore[import-not-found]

NO_PAUSE = 1e9


async def _filled(folder: Path, size: int) -> Any:
    """Return museletter's database with one campaign to ``size`` people, about to be sent."""
    database = await open_db(str(folder / "museletter.db"))
    await ensure_default_list(database)
    async with database.execute("SELECT id FROM lists") as found:
        (list_id,) = await found.fetchone()
    now = utcnow()
    people = [(f"sub_{n}", f"reader{n}@example.org", f"Reader {n}") for n in range(size)]
    await database.executemany(
        "INSERT INTO subscribers (id, list_id, email, name, status, created_at, confirmed_at) "
        "VALUES (?, ?, ?, ?, 'active', ?, ?)",
        [(sid, list_id, email, name, now, now) for sid, email, name in people],
    )
    body = (folder / "page.html").read_text(encoding="utf-8")
    await database.execute(
        "INSERT INTO campaigns (id, list_id, subject, body_markdown, track_opens, status, "
        "recipient_count, created_at, started_at) VALUES ('camp', ?, ?, ?, 0, 'sending', ?, ?, ?)",
        (list_id, "News for {{first_name|you}}", body, size, now, now),
    )
    await database.executemany(
        "INSERT INTO campaign_recipients (campaign_id, subscriber_id, email, name, updated_at) "
        "VALUES ('camp', ?, ?, ?, ?)",
        [(sid, email, name, now) for sid, email, name in people],
    )
    await database.commit()
    return database


async def _sent(url: str, folder: Path, size: int) -> dict[str, float]:
    database = await _filled(folder, size)
    settings = Settings(
        base_url="https://mail.example.org",
        from_email="news@example.org",
        from_name="News",
        postal_address="Example Street 1",
        send_rate=NO_PAUSE,
    )
    mailer = SESClient("eu-north-1", "kvitto")
    mailer.endpoint = url
    secret = await ensure_secret(database)
    state = SimpleNamespace(db=database, settings=settings, secret=secret, mailer=mailer)
    loop = SenderLoop(SimpleNamespace(state=state))
    cpu, wall = time.process_time(), time.perf_counter()
    while await loop.tick():
        pass
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    async with database.execute(
        "SELECT count(*) FROM campaign_recipients WHERE status = 'sent'"
    ) as found:
        (sent,) = await found.fetchone()
    await database.close()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"sent": sent, "cpu_s": cpu_s, "wall_s": wall_s, "peak_rss_mib": peak_mib}


def main() -> None:
    """Send, and print what it took."""
    url, folder, size = sys.argv[1:]
    found = asyncio.run(_sent(url, Path(folder), int(size)))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

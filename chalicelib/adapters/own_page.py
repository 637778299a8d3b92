# SPDX-License-Identifier: Apache-2.0
"""`ports.deliverability.OwnPage` over HTTP: whether a page of ours answers whoever asks for it.

Guarantees one GET without cookie or key, no redirect followed, at most `MAX_BYTES` read and nobody
kept waiting for longer than `TIMEOUT_S` at a time.
"""

from typing import Final

TIMEOUT_S: Final = 3
"""Longest silence that is waited for, seconds."""
MAX_BYTES: Final = 64 * 1024
_OK: Final = 200


class HttpOwnPage:
    """The port over HTTP."""

    def first_line(self, url: str) -> str | None:
        """Return the first line of what answers; None: nobody does, or not with a page."""
        import urllib3

        asked = urllib3.PoolManager(num_pools=1)
        try:
            answer = asked.request(
                "GET",
                url,
                timeout=TIMEOUT_S,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                body = answer.read(MAX_BYTES) if answer.status == _OK else None
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            return None
        finally:
            asked.clear()
        return None if body is None else body.decode("utf-8", "replace").partition("\n")[0]

# SPDX-License-Identifier: Apache-2.0
"""Files of imports on their way in: forms with a file, and a list with one person of each fate."""

from collections.abc import Mapping

BOUNDARY = "a-boundary-of-tests"
FORM_WITH_FILE = f"multipart/form-data; boundary={BOUNDARY}"

LIST = (
    b"email,country,status,optin_time,optin_ip,colour\n"
    b"mailed@example.org,SE,subscribed,2024-01-02T03:04:05Z,192.0.2.1,red\n"
    b"waits@example.org,DE,subscribed,2024-01-02T03:04:05Z,192.0.2.1,blue\n"
    b"left@example.org,SE,unsubscribed,2024-01-02T03:04:05Z,192.0.2.1,\n"
    b"no address,SE,subscribed,,,\n"
)
STATEMENT = {
    "source": "earlier-tool",
    "basis": "consent",
    "name": "Officer of the tests",
    "position": "Data protection",
    "confirmed": True,
}


def form_with_file(
    fields: Mapping[str, str],
    file: bytes | None = LIST,
    *,
    name: str = "list.csv",
    boundary: str = BOUNDARY,
) -> bytes:
    """Return a multipart body as browsers write it."""
    parts = [
        f'Content-Disposition: form-data; name="{field}"\r\n\r\n{value}'.encode()
        for field, value in fields.items()
    ]
    if file is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts.append(head.encode() + b"Content-Type: text/csv\r\n\r\n" + file)
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"

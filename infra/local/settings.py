# SPDX-License-Identifier: Apache-2.0
"""What a person may set when starting the local stack.

It guarantees values that were checked; it refuses others with a sentence that says what to set
instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MIN_KEY_CHARACTERS = 16
MAX_KEY_CHARS = 256
MAX_SUBSCRIBERS = 5000
SEND_MODES = ("auto", "bulk", "single")
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared with, never bound by default


class SettingError(Exception):
    """A setting that cannot be used. The text is the sentence shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """The settings of one start.

    Args:
        api_key: None lets the stack use the one it keeps in its key folder.
        demo_subscribers: 0 to 5000.
        with_demo: False serves an app that the demo data do not fit, such as a test's.
        app_folder: an unzipped package to serve instead of the checkout.
        minute_seconds: how long one minute of a schedule lasts.
        signups_per_hour: budget of one network.
        plain_signups_per_hour: tight budget of one network; ``form_signups_per_hour`` of a form.
        with_tsa: False starts no time-stamping authority.
        send_mode: how campaign mail leaves; the product's own default when nothing is said.
        bulk_from: mails of a day from which a mailing is large.
    """

    host: str
    port: int
    api_key: str | None
    demo_subscribers: int
    with_demo: bool
    folder: Path
    app_folder: Path | None
    minute_seconds: float
    signups_per_hour: int
    plain_signups_per_hour: int
    form_signups_per_hour: int
    with_tsa: bool
    send_mode: str
    bulk_from: int

    @classmethod
    def read(cls, environment: Mapping[str, str], root: Path) -> LocalSettings:
        """Return the settings of an environment.

        Raises:
            SettingError: a value cannot be used.
        """
        api_key = environment.get("LOCAL_API_KEY") or None
        if api_key is not None and not (
            MIN_KEY_CHARACTERS <= len(api_key) <= MAX_KEY_CHARS
            and api_key.isascii()
            and api_key.isprintable()
        ):
            raise SettingError(
                f"LOCAL_API_KEY must be at least {MIN_KEY_CHARACTERS} characters long, "
                f"at most {MAX_KEY_CHARS}, all of them plain ASCII."
            )
        app_folder = environment.get("KVITTO_APP_DIR") or None
        if app_folder and not (Path(app_folder) / "app.py").is_file():
            raise SettingError(f"KVITTO_APP_DIR names {app_folder}, which holds no app.py.")
        return cls(
            host=environment.get("HOST") or "127.0.0.1",
            port=_number(environment, "PORT", 8000, 0, 65535),
            api_key=api_key,
            demo_subscribers=_number(environment, "DEMO_SUBSCRIBERS", 25, 0, MAX_SUBSCRIBERS),
            with_demo=environment.get("KVITTO_LOCAL_NO_DEMO") != "1",
            folder=Path(environment.get("KVITTO_LOCAL_DIR") or root / ".local").resolve(),
            app_folder=Path(app_folder).resolve() if app_folder else None,
            minute_seconds=float(_number(environment, "KVITTO_LOCAL_MINUTE_SECONDS", 60, 1, 3600)),
            signups_per_hour=_budget(environment, "KVITTO_SIGNUPS_PER_HOUR"),
            plain_signups_per_hour=_budget(environment, "KVITTO_PLAIN_SIGNUPS_PER_HOUR"),
            form_signups_per_hour=_budget(environment, "KVITTO_FORM_SIGNUPS_PER_HOUR"),
            with_tsa=environment.get("KVITTO_LOCAL_NO_TSA") != "1",
            send_mode=_send_mode(environment),
            bulk_from=_number(environment, "KVITTO_BULK_FROM", 5_000, 1, 1_000_000_000),
        )

    def base_url(self, port: int) -> str:
        """Return the public base URL: where a browser on this machine finds the stack."""
        host = _WILDCARDS.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)
        return f"http://{host}:{port}"


def _send_mode(environment: Mapping[str, str]) -> str:
    mode = environment.get("KVITTO_SEND_MODE") or SEND_MODES[0]
    if mode not in SEND_MODES:
        raise SettingError(f"KVITTO_SEND_MODE must be one of {', '.join(SEND_MODES)}.")
    return mode


def _budget(environment: Mapping[str, str], name: str) -> int:
    return _number(environment, name, 100_000, 1, 10_000_000)


def _number(
    environment: Mapping[str, str], name: str, default: int, lowest: int, highest: int
) -> int:
    """Return a whole number of the environment."""
    text = environment.get(name) or str(default)
    try:
        value = int(text)
    except ValueError:
        value = lowest - 1
    if not lowest <= value <= highest:
        raise SettingError(
            f"{name} must be a whole number from {lowest} to {highest}, not {text!r}."
        )
    return value

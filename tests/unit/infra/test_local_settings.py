# SPDX-License-Identifier: Apache-2.0
"""Settings are checked, keys survive a restart, state does not."""

from pathlib import Path

import pytest

from infra.local import state
from infra.local.settings import LocalSettings, SettingError


def test_defaults_are_the_fixed_points(tmp_path: Path) -> None:
    settings = LocalSettings.read({}, tmp_path)
    assert (settings.host, settings.port, settings.demo_subscribers) == ("127.0.0.1", 8000, 25)
    assert settings.signups_per_hour == 100_000
    assert settings.send_mode == "auto"
    assert settings.base_url(8000) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "environment",
    [
        {"LOCAL_API_KEY": "x" * 15},
        {"PORT": "many"},
        {"PORT": "70000"},
        {"DEMO_SUBSCRIBERS": "5001"},
        {"DEMO_SUBSCRIBERS": "-1"},
        {"KVITTO_APP_DIR": "/nowhere"},
        {"KVITTO_SEND_MODE": "both"},
    ],
)
def test_what_cannot_be_used_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingError) as refused:
        LocalSettings.read(environment, tmp_path)
    assert "\n" not in str(refused.value)


def test_keys_survive_and_belong_to_their_owner_and_state_does_not(tmp_path: Path) -> None:
    folder = tmp_path / ".local"
    keys = state.prepare(folder)
    seed, key = state.log_key(keys).read_bytes(), state.api_key(keys)
    (folder / "logs" / "app.log").write_text("old")
    assert (len(seed), keys.stat().st_mode & 0o777) == (32, 0o700)
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    again = state.prepare(folder)
    assert (state.log_key(again).read_bytes(), state.api_key(again)) == (seed, key)
    assert not (folder / "logs" / "app.log").exists()


def test_every_start_is_another_log() -> None:
    first, second = state.new_origin(), state.new_origin()
    assert first != second
    assert first.startswith("localhost/kvitto/")

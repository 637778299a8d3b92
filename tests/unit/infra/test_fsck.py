# SPDX-License-Identifier: Apache-2.0
"""`make fsck`: whose settings it takes, and what it says when there is nothing to look at."""

import pytest

from infra import fsck
from infra.local import state


def test_settings_that_are_given_win(tmp_path):
    state.keep_environment(tmp_path, {"KVITTO_LEDGER_TABLE": "local"})
    given = {"KVITTO_LEDGER_TABLE": "mine", "KVITTO_LOCAL_DIR": str(tmp_path)}
    assert fsck.settings_of(given) == given


def test_without_settings_the_running_local_stack_is_looked_at(tmp_path):
    given = {"KVITTO_LOCAL_DIR": str(tmp_path)}
    assert fsck.settings_of(given) is None
    state.keep_environment(tmp_path, {"KVITTO_LEDGER_TABLE": "local"})
    assert fsck.settings_of(given) == {"KVITTO_LEDGER_TABLE": "local"}
    state.forget_environment(tmp_path)
    assert fsck.settings_of(given) is None


def test_what_an_earlier_stack_left_is_gone_when_the_next_one_starts(tmp_path):
    state.keep_environment(tmp_path, {"KVITTO_LEDGER_TABLE": "local"})
    state.prepare(tmp_path)
    assert state.read_environment(tmp_path) is None


def test_without_anything_to_look_at_it_says_so_and_exits_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("os.environ", {"KVITTO_LOCAL_DIR": str(tmp_path)})
    assert fsck.main() == 2
    assert capsys.readouterr().err.strip() == fsck.NO_STACK


@pytest.mark.parametrize("name", ["AWS_PROFILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY"])
def test_nothing_of_the_shell_leads_away_from_the_local_stack(name, tmp_path, monkeypatch):
    state.keep_environment(tmp_path, {"KVITTO_LEDGER_TABLE": "local"})
    environment = {"KVITTO_LOCAL_DIR": str(tmp_path), name: "elsewhere"}
    monkeypatch.setattr("os.environ", environment)
    monkeypatch.setattr(fsck, "run", lambda given: 0)
    assert fsck.main() == 0
    assert name not in environment


def test_an_unusable_setting_is_a_sentence_and_exit_code_2(capsys):
    assert fsck.run({"KVITTO_LEDGER_TABLE": "ledger"}) == 2
    assert "KVITTO_BASE_URL is not set" in capsys.readouterr().err

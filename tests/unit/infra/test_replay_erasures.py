# SPDX-License-Identifier: Apache-2.0
"""The command that erases again after a restore: whose installation, what it says, how it ends."""

from chalicelib.errors import Unavailable
from chalicelib.services.replay import Replayed
from infra.admin_key import AdminKeyError
from infra.replay_erasures import MARK, run

OF_THE_STACK = {MARK: "of-the-stack"}


def replay(shell, service, arguments=()):
    return run(list(arguments), shell=shell, environment_of=lambda _: OF_THE_STACK, service=service)


def test_the_shells_own_settings_come_before_a_stacks(capsys):
    seen = []

    def service(environment):
        seen.append(environment)
        return Replayed(erasures=3, again=1)

    assert replay({MARK: "of-the-shell"}, service) == 0
    assert replay({}, service) == 0
    assert seen == [{MARK: "of-the-shell"}, OF_THE_STACK]
    assert "log: 3; undone by a restore and done again: 1" in capsys.readouterr().out


def test_a_run_that_did_not_end_says_to_run_it_again(capsys):
    def service(_):
        raise Unavailable("the table did not answer")

    assert replay({}, service) == 1
    assert "run this again" in capsys.readouterr().err


def test_a_stack_that_is_not_there_is_said_so(capsys):
    def nobody(_):
        raise AdminKeyError("There is no such stack.")

    assert run([], shell={}, environment_of=nobody) == 1
    assert "no such stack" in capsys.readouterr().err

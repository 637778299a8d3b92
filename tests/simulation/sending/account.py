# SPDX-License-Identifier: Apache-2.0
"""The account at SES: what it took, what it refuses, and every way in which a call can break.

A call may break before SES read it, after it took everybody, or with some taken and others not;
then the process is gone, or lives on without an answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.rate import Quota
from chalicelib.errors import DependencyError, Throttled
from chalicelib.ports.sending import Limit, Message, Outcome, Sent
from tests.support.faults import Faults, struck
from tests.support.memory_sending import Mailed, MemorySender

Answer = Callable[[Message], Sent | None]


@dataclass(slots=True, kw_only=True)
class Account:
    """What SES keeps of us."""

    per_second: float
    daily_left: int | None = None
    accepted: list[Mailed] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told of calls: before one is made, of each mail SES takes, and of the answers.

    Also of each question for the quota.
    """

    called: Callable[[Sequence[Message]], None]
    asking: Callable[[], None]
    quoted: Callable[[float], None]
    accepted: Callable[[Message, str], None]
    answered: Callable[[Sequence[Message], Sequence[Sent]], None]
    cut: Callable[[int], int | None]
    """How many of a call of so many are taken before it breaks; None: it does not."""


THROTTLED = Sent(outcome=Outcome.RETRY, reason="throttled", limit=Limit.RATE)
DAY_IS_OVER = Sent(outcome=Outcome.RETRY, reason="daily quota", limit=Limit.DAY)
UNKNOWN = Sent(outcome=Outcome.UNKNOWN, reason="no answer")


class WatchedSender(MemorySender):
    """`ports.sending.Sender` of one process to the account all share."""

    def __init__(self, account: Account, answer: Answer, faults: Faults, told: Told) -> None:
        super().__init__(answer, faults)
        self.mailed = account.accepted
        self._account = account
        self._told = told

    def send_plain(self, messages: Sequence[Message]) -> tuple[Sent, ...]:
        """Send mails rendered whole in one call, as yesterday's code did."""
        return self._send("Sender.send_plain", "news@example.org", messages)

    def quota_per_second(self) -> float:
        with struck(self.faults, "Sender.quota_per_second"):
            return self._account.per_second

    def quota(self) -> Quota:
        self._told.asking()
        with struck(self.faults, "Sender.quota"):
            account = self._account
            self._told.quoted(account.per_second)
            return Quota(per_second=account.per_second, daily_left=account.daily_left)

    def _send(self, call: str, sender: str, messages: Sequence[Message]) -> tuple[Sent, ...]:
        self._told.called(messages)
        answers = self._answers(call, sender, messages)
        self._told.answered(messages, answers)
        return answers

    def _answers(self, call: str, sender: str, messages: Sequence[Message]) -> tuple[Sent, ...]:
        cut = self._told.cut(len(messages))
        try:
            with struck(self.faults, call):
                if cut is None:
                    return tuple(self._take(sender, message) for message in messages)
                taken = [self._take(sender, message) for message in messages[:cut]]
        except Throttled:
            return (THROTTLED,) * len(messages)
        except DependencyError:
            return (UNKNOWN,) * len(messages)
        # One at a time: who came before has an answer, one is lost, and no other is begun.
        rest = len(messages) - cut - 1
        return (*taken, UNKNOWN, *(THROTTLED,) * rest)

    def _take(self, sender: str, message: Message) -> Sent:
        account = self._account
        if account.daily_left == 0:
            return DAY_IS_OVER
        sent = super()._take(sender, message)
        if sent.outcome is Outcome.ACCEPTED:
            if account.daily_left is not None:
                account.daily_left -= 1
            self._told.accepted(message, sent.message_id or "")
        return sent

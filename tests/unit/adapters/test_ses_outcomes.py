# SPDX-License-Identifier: Apache-2.0
"""Which limits of the account SES tells of, asked or unasked."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters.ses import SesSender
from chalicelib.adapters.ses_outcomes import after_entry, after_error
from chalicelib.domain.rate import Quota
from chalicelib.ports.sending import Limit, Outcome
from tests.support.clock import FakeClock

RATE = "Maximum sending rate exceeded."
DAY = "Daily message quota exceeded."


def error(status: int, code: str, message: str) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "SendBulkEmail")


@pytest.mark.parametrize(
    ("status", "code", "message", "limit"),
    [
        (429, "TooManyRequestsException", RATE, Limit.RATE),
        (429, "TooManyRequestsException", DAY, Limit.DAY),
        (429, "TooManyRequestsException", "", Limit.RATE),
        (400, "LimitExceededException", DAY, Limit.DAY),
        (400, "ThrottlingException", RATE, Limit.RATE),
        (400, "Throttling", DAY, Limit.DAY),
        (429, "SomethingNew", "Slow down.", Limit.RATE),
        (400, "SendingPausedException", DAY, None),
        (503, "ServiceUnavailable", "", None),
    ],
)
def test_an_error_names_the_limit_that_was_reached(status, code, message, limit):
    sent = after_error(error(status, code, message)).sent
    assert sent.limit is limit
    assert sent.reason == code


def test_no_answer_names_no_limit():
    sent = after_error(ReadTimeoutError(endpoint_url="http://127.0.0.1")).sent
    assert (sent.outcome, sent.limit) == (Outcome.UNKNOWN, None)


@pytest.mark.parametrize(
    ("status", "limit"),
    [
        ("ACCOUNT_THROTTLED", Limit.RATE),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", Limit.DAY),
        ("TRANSIENT_FAILURE", None),
        ("SUCCESS", None),
    ],
)
def test_an_entry_names_the_limit_that_was_reached(status, limit):
    assert after_entry({"Status": status, "MessageId": "m"}).limit is limit


class Account:
    """As much of the SDK's client as tells the quota."""

    def __init__(self, **told: float) -> None:
        self.asked = 0
        self._told = told

    def get_account(self) -> dict[str, dict[str, float]]:
        self.asked += 1
        return {"SendQuota": {"MaxSendRate": 14.0, **self._told}}


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"Max24HourSend": 50_000.0, "SentLast24Hours": 49_000.0}, 500),
        ({"Max24HourSend": -1.0, "SentLast24Hours": 7.0}, None),
        ({}, None),
    ],
)
def test_the_whole_quota_is_asked_of_ses_each_time(told, left):
    account = Account(**told)
    sender = SesSender(
        configuration_set="kvitto", clock=FakeClock(), client=lambda _service: account
    )
    for asked in (1, 2):
        daily = None if left is None else 49_500
        assert sender.quota() == Quota(per_second=14.0, daily_left=left, daily=daily)
        assert account.asked == asked

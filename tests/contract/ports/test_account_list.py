# SPDX-License-Identifier: Apache-2.0
"""`AccountList`: the fake, and SES v2 behind the real SDK. `Comparisons`: the fake and DynamoDB."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chalicelib.adapters import aws
from chalicelib.adapters.dynamo.account_list import DynamoComparisons
from chalicelib.adapters.ses_account_list import SesAccountList
from chalicelib.domain.account_list import Comparison
from chalicelib.domain.events import SuppressionReason
from chalicelib.errors import Conflict, FatalError, InputError, Throttled, Unavailable
from chalicelib.ports.account_list import AccountList, Comparisons, Listed
from infra.local.ses_endpoint import SesEndpoint
from infra.local.ses_errors import SesError
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.clock import FakeClock
from tests.support.memory_account_list import MemoryAccountList, MemoryComparisons

BOUNCE, COMPLAINT = SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT
READER, OTHER = "reader@example.org", "other+tag/x@example.org"
AT_MS = 1_780_000_000_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """The list, and a way to put somebody there as of another time."""

    ses: AccountList
    put_at: Callable[[str, SuppressionReason, int], None]


def in_memory() -> List:
    made = MemoryAccountList(FakeClock(AT_MS))

    def put_at(address: str, reason: SuppressionReason, since_ms: int) -> None:
        made.rows.listed[address] = Listed(address=address, reason=reason, since_ms=since_ms)

    return List(ses=made, put_at=put_at)


def of_endpoint(endpoint: SesEndpoint) -> List:
    def put_at(address: str, reason: SuppressionReason, since_ms: int) -> None:
        endpoint.account.suppress(address, reason.upper(), since_ms)

    return List(ses=SesAccountList(), put_at=put_at)


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[SesEndpoint]:
    made = SesEndpoint(publish=lambda _topic, _record: None, region="eu-north-1")
    server = made.serve()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    aws.forget_clients()
    yield made
    aws.client("sesv2").close()
    aws.forget_clients()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["memory", "ses"])
def listing(request) -> List:
    if request.param == "memory":
        return in_memory()
    return of_endpoint(request.getfixturevalue("endpoint"))


def everybody(ses: AccountList, since_ms: int, until_ms: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = ses.page(since_ms, until_ms, cursor)
        found += [item.address for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("address", [READER, OTHER])
def test_an_address_is_put_got_and_removed(listing, address):
    assert listing.ses.get(address) is None
    listing.ses.put(address, BOUNCE)
    found = listing.ses.get(address)
    assert (found.address, found.reason) == (address, BOUNCE)
    assert found.since_ms > AT_MS - DAY_MS
    listing.ses.put(address, COMPLAINT)
    assert listing.ses.get(address).reason is COMPLAINT
    for _ in range(2):
        listing.ses.remove(address)
    assert listing.ses.get(address) is None


def test_pages_hold_a_window_of_dates_and_everybody_in_it_once(listing):
    for n in range(250):
        listing.put_at(f"reader{n:03}@example.org", COMPLAINT, AT_MS + n * DAY_MS)
    first, last = AT_MS + 20 * DAY_MS, AT_MS + 235 * DAY_MS
    found = everybody(listing.ses, first, last)
    assert sorted(found) == [f"reader{n:03}@example.org" for n in range(20, 236)]
    assert everybody(listing.ses, AT_MS - DAY_MS, AT_MS - DAY_MS // 2) == []


@pytest.mark.parametrize("reason", [SuppressionReason.MANUAL, SuppressionReason.ERASED])
def test_nothing_is_put_for_another_reason(listing, reason):
    with pytest.raises(InputError):
        listing.ses.put(READER, reason)
    assert listing.ses.get(READER) is None


def test_what_ses_takes_for_no_address_is_on_no_list(endpoint):
    ses = SesAccountList()
    assert ses.get("nobody") is None
    ses.remove("nobody")
    with pytest.raises(InputError) as refused:
        ses.put("no body", BOUNCE)
    assert "body" not in str(refused.value)


def test_a_reason_that_ses_may_get_later_is_passed_over(endpoint):
    endpoint.account.suppress(READER, "MOOD", AT_MS)
    endpoint.account.suppress(OTHER, "BOUNCE", AT_MS)
    assert everybody(SesAccountList(), AT_MS, AT_MS) == [OTHER]
    assert SesAccountList().get(READER) is None


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("TooManyRequestsException", 429, Throttled),
        ("InternalServiceErrorException", 500, Unavailable),
    ],
)
def test_other_refusals_are_ours_and_quote_nobody(endpoint, monkeypatch, kind, status, error):
    def refuse(*_: object) -> None:
        raise SesError(kind, status, f"{READER} is asked for too often")

    for name in ("suppressed", "suppressed_all", "unsuppress", "suppress"):
        monkeypatch.setattr(type(endpoint.account), name, refuse)
    ses = SesAccountList()
    for call in (
        lambda: ses.get(READER),
        lambda: ses.page(AT_MS, AT_MS, None),
        lambda: ses.remove(READER),
        lambda: ses.put(READER, BOUNCE),
    ):
        with pytest.raises(error) as refused:
            call()
        assert READER not in str(refused.value)


@pytest.fixture(params=["memory", "dynamo"])
def comparisons(request) -> Comparisons:
    if request.param == "memory":
        return MemoryComparisons()
    request.getfixturevalue("tables")
    return DynamoComparisons(CAMPAIGNS)


DONE = Comparison(done_ms=AT_MS, step_ms=7, run_ms=AT_MS + 5, seen=9, added=3, removed=2)


def test_nothing_compared_is_the_beginning(comparisons):
    found = comparisons.read()
    assert (found.comparison, found.revision) == (Comparison(), 0)


def test_a_comparison_is_read_as_written(comparisons):
    comparisons.write(Comparison(), 0)
    assert comparisons.read().comparison == Comparison()
    comparisons.write(DONE, 1)
    assert (comparisons.read().comparison, comparisons.read().revision) == (DONE, 2)


@pytest.mark.parametrize("revision", [0, 2, 7])
def test_a_comparison_that_moved_on_is_not_overwritten(comparisons, revision):
    comparisons.write(DONE, 0)
    with pytest.raises(Conflict):
        comparisons.write(Comparison(), revision)
    assert comparisons.read().comparison == DONE


def test_the_row_holds_times_and_counts_alone_and_yesterdays_is_still_read(tables):
    dynamo = aws.client("dynamodb")
    DynamoComparisons(CAMPAIGNS).write(DONE, 0)
    key = {"pk": {"S": "AL"}, "sk": {"S": "SES"}}
    row = {
        **key,
        "v": {"N": "1"},
        "revision": {"N": "1"},
        "done_ms": {"N": str(AT_MS)},
        "step_ms": {"N": "7"},
        "run_ms": {"N": str(AT_MS + 5)},
        "seen": {"N": "9"},
        "added": {"N": "3"},
        "removed": {"N": "2"},
    }
    assert dynamo.get_item(TableName=CAMPAIGNS, Key=key)["Item"] == row
    dynamo.put_item(TableName=CAMPAIGNS, Item={**row, "v": {"N": "9"}})
    with pytest.raises(FatalError):
        DynamoComparisons(CAMPAIGNS).read()

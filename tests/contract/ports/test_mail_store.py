# SPDX-License-Identifier: Apache-2.0
"""`ports.mails.MailStore`: the latest mail of a request, and the strongest answer to it."""

from itertools import permutations

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.mails import DynamoMailStore
from chalicelib.errors import FatalError
from chalicelib.ports.mails import StoredMail
from tests.contract.ports.conftest import LEDGER
from tests.support.appends import first_append, subject
from tests.support.memory_mails import MemoryMailStore

ADA, BO = subject("ada"), subject("bo")


@pytest.fixture(params=["memory", "dynamo"])
def mails(request):
    if request.param == "memory":
        return MemoryMailStore()
    request.getfixturevalue("tables")
    return DynamoMailStore(LEDGER)


def test_mails_are_read_by_person_in_the_order_of_their_requests(mails):
    mails.put(ADA, 10, b"later")
    mails.put(ADA, 2, b"first")
    mails.put(BO, 0, b"another's")
    assert mails.read(ADA) == (
        StoredMail(request=2, sealed=b"first"),
        StoredMail(request=10, sealed=b"later"),
    )
    assert mails.read(subject("nobody")) == ()


def test_the_latest_mail_of_a_request_stands(mails):
    mails.put(ADA, 0, b"first try")
    mails.put(ADA, 0, b"second try")
    assert mails.read(ADA) == (StoredMail(request=0, sealed=b"second try"),)


ANSWERS = [(b"delayed", 20, 5), (b"delivered", 40, 3), (b"again", 40, 4)]


@pytest.mark.parametrize("order", list(permutations(ANSWERS)))
def test_the_strongest_answer_stays_and_of_equals_the_later_in_any_order(mails, order):
    for sealed, rank, at_ms in (*order, *order):
        mails.answer(ADA, 0, sealed, rank, at_ms)
    assert mails.read(ADA) == (StoredMail(request=0, answer=b"again"),)


def test_an_answer_says_whether_it_stands_and_leaves_the_mail_alone(mails):
    mails.put(ADA, 0, b"mail")
    assert mails.answer(ADA, 0, b"bounced", 60, 1) is True
    assert mails.answer(ADA, 0, b"delivered", 40, 2) is False
    assert mails.answer(ADA, 0, b"bounced", 60, 1) is False
    assert mails.read(ADA) == (StoredMail(request=0, sealed=b"mail", answer=b"bounced"),)


def test_the_rows_stand_beside_the_chain_and_are_none_of_it(dynamo):
    mails = DynamoMailStore(LEDGER)
    dynamo.ledger.commit(first_append("ada"))
    mails.put(ADA, 0, b"mail")
    mails.answer(ADA, 0, b"answer", 40, 1)
    assert len(dynamo.ledger.history(ADA)) == 1


def test_a_row_of_an_unknown_schema_version_is_not_read(tables):
    mails = DynamoMailStore(LEDGER)
    mails.put(ADA, 0, b"mail")
    key = {"pk": {"S": f"S#{ADA}"}, "sk": {"S": "M#0000000000"}}
    clients.client("dynamodb").update_item(
        TableName=LEDGER,
        Key=key,
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "9"}},
    )
    with pytest.raises(FatalError):
        mails.read(ADA)

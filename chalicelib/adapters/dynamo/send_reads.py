# SPDX-License-Identifier: Apache-2.0
"""`ports.send_reads.SendReads` on DynamoDB: one BatchGetItem over two tables each.

Guarantees that each row is of a version this code knows, and that keys DynamoDB left unread, of
whichever of the two tables, are asked for again or fail the whole read: nobody is called absent
for them. Only the attributes a send needs cross the wire.

Source: Amazon DynamoDB API Reference, BatchGetItem (100 keys, UnprocessedKeys by table,
ConsistentRead by table).
"""

import json
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import rows_client
from chalicelib.adapters.dynamo.breaker_writes import BREAKERS
from chalicelib.adapters.dynamo.breakers import STOPS_KEY, stops_of
from chalicelib.adapters.dynamo.campaign_models import CAMPAIGNS, CampaignRow
from chalicelib.adapters.dynamo.frequency import ATTRIBUTE as RHYTHM
from chalicelib.adapters.dynamo.items import ROW_VERSION, Item, key, number, number_of, read_all
from chalicelib.adapters.dynamo.ledger_rows import REST, state_key, subject_key
from chalicelib.domain.breakers import NO_STOPS
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.frequency import NO_LIMIT, Frequency, load_rhythm
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.state import load_state
from chalicelib.errors import FatalError
from chalicelib.ports.send_reads import MAX_PEOPLE, LastLook, SealedReader
from chalicelib.ports.system import Clock, RandomBytes

_PROFILE: Final = f"sk, v, sealed, {RHYTHM}, {REST}"
_KEY: Final = "sk, v, wrapped_key"
_STATE: Final = "pk, v, folded"
_VERSION: Final = number(ROW_VERSION)
_SUBJECT: Final = len("S#")

_Keys = list[dict[str, dict[str, str]]]


class DynamoSendReads:
    """`SendReads` on DynamoDB."""

    def __init__(self, tables: Mapping[str, str], *, clock: Clock, random: RandomBytes) -> None:
        """Read ``tables``: names by ``ledger``, ``vault``, ``audience`` and ``campaigns``."""
        self._tables = tables
        self._clock = clock
        self._random = random

    def readers(
        self, sids: Sequence[SubjectId], *, strong: bool = False
    ) -> Mapping[SubjectId, SealedReader]:
        """Return profiles with their keys; who lacks either is left out.

        Args:
            strong: who was erased before the call is surely left out; else a moment later.

        Raises:
            FatalError: more than 50 people, or a row this code does not know.
        """
        if not sids:
            return {}
        keys = [subject_key(sid) for sid in _checked(sids)]
        audience, vault = self._tables["audience"], self._tables["vault"]
        rows = self._read(
            "read who a chunk is for",
            {
                audience: _request(keys, _PROFILE, strong=strong),
                vault: _request(keys, _KEY, strong=strong),
            },
        )
        wrapped = {row["sk"]["S"]: row for row in map(_known, rows[vault])}
        return {
            SubjectId(row["sk"]["S"]): _reader(row, wrapped[row["sk"]["S"]])
            for row in map(_known, rows[audience])
            if row["sk"]["S"] in wrapped
        }

    def last_look(self, campaign: CampaignId, sids: Sequence[SubjectId]) -> LastLook:
        """Return the campaign, everybody's state and what is held, read strongly in one request.

        Raises:
            FatalError: more than 50 people, or a row this code does not know.
        """
        ledger, campaigns = self._tables["ledger"], self._tables["campaigns"]
        asked = [key(CAMPAIGNS, campaign), STOPS_KEY]
        requests = {campaigns: _request(asked, None, strong=True)}
        if sids:
            states = [state_key(sid) for sid in _checked(sids)]
            requests[ledger] = _request(states, _STATE, strong=True)
        rows = self._read("take the last look", requests)
        found = {row["pk"]["S"]: row for row in rows[campaigns]}
        row, held = found.get(CAMPAIGNS), found.get(BREAKERS)
        return LastLook(
            campaign=None if row is None else _campaign(row),
            stops=NO_STOPS if held is None else stops_of(held),
            states={
                SubjectId(row["pk"]["S"][_SUBJECT:]): load_state(row["folded"]["S"])
                for row in map(_known, rows.get(ledger, ()))
            },
        )

    def _read(self, what: str, requests: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Item]]:
        return read_all(what, rows_client(), requests, self._clock, self._random)


def _request(keys: _Keys, attributes: str | None, *, strong: bool) -> dict[str, Any]:
    request: dict[str, Any] = {"Keys": keys, "ConsistentRead": strong}
    if attributes is not None:
        request["ProjectionExpression"] = attributes
    return request


def _checked(sids: Sequence[SubjectId]) -> Mapping[SubjectId, None]:
    if len(wanted := dict.fromkeys(sids)) > MAX_PEOPLE:
        raise FatalError("at most 50 people are read at once")
    return wanted


def _known(row: Item) -> Item:
    if row.get("v") != _VERSION:
        raise FatalError("a stored row has a schema version this code does not know")
    return row


def _reader(profile: Item, vault: Item) -> SealedReader:
    sealed = profile.get("sealed")
    return SealedReader(
        sealed=b"" if sealed is None else _bytes(sealed),
        wrapped_key=_bytes(vault["wrapped_key"]),
        frequency=_frequency(profile.get(RHYTHM)),
        rest=number_of(profile, REST),
    )


def _bytes(value: Mapping[str, Any]) -> bytes:
    return a2b_base64(value["B"], strict_mode=True)


def _frequency(rhythm: Mapping[str, Any] | None) -> Frequency:
    return NO_LIMIT if rhythm is None else load_rhythm(json.loads(rhythm["S"])).frequency


def _campaign(row: Item) -> Campaign:
    return CampaignRow.from_raw_data(dict(row)).to_domain()

# SPDX-License-Identifier: Apache-2.0
"""Campaigns that did not reach everybody, and what became of each person in them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from chalicelib.domain.campaigns import ChunkRef, chunk_range, read_records
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.outcomes import OutcomeCode, status_of
from chalicelib.ports.sending import Message, Outcome, Sent
from chalicelib.services.plans import manifest_key
from tests.support.memory_sending import accept
from tests.support.world import World

REFUSED = Sent(outcome=Outcome.REJECTED, reason="no such mailbox")


def address(number: int) -> str:
    """The address of the ``number``th person."""
    return f"reader{number}@example.org"


def refusing(*numbers: int) -> Callable[[Message], Sent | None]:
    """What SES says when it refuses to send to some."""
    refused = {address(number) for number in numbers}
    return lambda message: REFUSED if message.to in refused else None


class RetryWorld(World):
    """Some people on the demo list, of whom SES refuses some for one campaign."""

    def __init__(self, people: int = 6) -> None:
        super().__init__()
        self.sids = [self.subscribe(address(number)) for number in range(people)]
        self.mails.clear()

    def over(self, *refused: int, html: str = "<p>Hello</p>") -> CampaignId:
        """A campaign that is over and did not reach some; SES would take them by now."""
        self.mailbox.answer = refusing(*refused)
        campaign = self.campaign(html=html)
        self.settle()
        self.mailbox.answer = accept
        return campaign

    def mailed(self) -> list[int]:
        """How many mails each person has."""
        to = [mail.message.to for mail in self.mails]
        return [to.count(address(number)) for number in range(len(self.sids))]

    def outcomes(self, campaign: CampaignId) -> dict[SubjectId, OutcomeCode]:
        """Everybody planned by what became of them."""
        return {sid: OutcomeCode(codes[n]) for _, codes, n, sid in self._places(campaign)}

    def become(self, campaign: CampaignId, number: int, code: OutcomeCode) -> None:
        """Write that something else became of somebody."""
        for ref, codes, place, sid in self._places(campaign):
            if sid == self.sids[number]:
                after = bytearray(codes)
                after[place] = code
                now, status = bytes(after), status_of(bytes(after))
                view = self.run_rows.chunks[ref]
                self.run_rows.chunks[ref] = replace(view, codes=now, status=status)
                return
        raise AssertionError("they were not planned")

    def _places(self, campaign: CampaignId) -> Iterator[tuple[ChunkRef, bytes, int, SubjectId]]:
        size = self.catalog_rows.campaigns[campaign].chunk_size
        for ref, view in list(self.run_rows.chunks.items()):
            if ref.campaign == campaign:
                key = manifest_key(campaign, ref.shard)
                data = self.blobs.get_range(key, *chunk_range(ref.number, size))
                for place, person in enumerate(read_records(data)):
                    yield ref, view.codes or b"", place, person.sid

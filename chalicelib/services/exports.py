# SPDX-License-Identifier: Apache-2.0
"""Exports of people with their addresses: of a campaign, or of a brand.

Guarantees, beyond what `export_files` does of every export, that the ledger says so before anybody
is opened (``data.unsealed`` of a campaign's people, ``list.exported`` of a brand's), that everybody
asked for has a row, and that job rows hold no address. Refuses an export of a campaign whose people
are not all planned, and of a brand or a list that is not there.

Idempotency key of a part: the job, and where in it the part begins.
"""

from contextlib import suppress
from typing import Final

from chalicelib.domain.accounting import Asked
from chalicelib.domain.audience_exports import AudienceWish
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.jobs import Job
from chalicelib.domain.stored_zip import TooLargeError
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.catalog import Brands, Campaigns, Lists
from chalicelib.ports.outside import Queue
from chalicelib.services.audience_export import AudienceWriter
from chalicelib.services.export_files import (
    ExportError,
    ExportFiles,
    ExportPorts,
    FileType,
    Written,
)
from chalicelib.services.export_jobs import (
    KIND,
    Export,
    asked_of,
    counted,
    export_of,
    file_type,
    wish_of,
)
from chalicelib.services.export_parts import ExportWriter
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.recipients import FIRST, Spot
from chalicelib.services.unsealing import Unsealing
from chalicelib.vocabulary import EventType

EARLY: Final = (
    "Not everybody in this campaign is planned yet, so an export would leave people out. Nothing "
    "was made: ask again when it is sending."
)
TOO_LARGE: Final = (
    "A ZIP of this list would have 4 GiB or more, which many tools do not open. Nothing was lost;"
    " please ask for it in the format kvitto."
)
MIGRATION: Final = "migration"


class Exports(ExportFiles):
    """Exports."""

    kind = KIND
    queue = Queue.SEGMENTS

    def __init__(
        self,
        *,
        campaigns: Campaigns,
        brands: Brands,
        lists: Lists,
        writer: ExportWriter,
        audience_writer: AudienceWriter,
        unsealing: Unsealing,
        ledger: Ledger,
        ports: ExportPorts,
    ) -> None:
        super().__init__(ports)
        self._campaigns = campaigns
        self._brands = brands
        self._lists = lists
        self._writer = writer
        self._audience_writer = audience_writer
        self._unsealing = unsealing
        self._ledger = ledger

    def ask(self, campaign_id: str, asked: Asked) -> Export:
        """Ask for an export; the ledger says so first.

        Raises:
            NotFound: there is no such campaign.
            Conflict: not everybody in it is planned yet; nothing was asked for.
            DependencyError: the entry could not be written; nothing was asked for.

        """
        campaign = self._campaign(campaign_id)
        if campaign.go_ms is None and campaign.finished_ms is None:
            raise Conflict(EARLY)
        self._unsealing.listing()
        request = {
            "campaign": campaign.id,
            "outcomes": " ".join(sorted(asked.outcomes)),
            "reasons": " ".join(sorted(asked.reasons)),
        }
        return export_of(self._begun(request))

    def ask_audience(self, wish: AudienceWish) -> Export:
        """Ask for an export of a brand's people; the ledger says so first.

        Raises:
            NotFound: there is no such brand, or it has no such list.
            DependencyError: the entry could not be written; nothing was asked for.

        """
        if self._brands.get(wish.brand) is None:
            raise NotFound("There is no such brand.")
        if wish.list is not None:
            held = self._lists.get(wish.list)
            if held is None or held.brand != wish.brand:
                raise NotFound("The brand has no such list.")
        draft = Draft(
            type=EventType.LIST_EXPORTED,
            brand=wish.brand,
            lists=() if wish.list is None else (wish.list,),
            reason=MIGRATION,
        )
        # Its id is random: only a repeat of this very write can find it there already.
        with suppress(Conflict):
            self._ledger.publish(draft)
        return export_of(self._begun(wish.as_request()))

    def get(self, export_id: str) -> Export:
        """Return an export as it is now.

        Raises:
            InputError: ``export_id`` is not an id.
            NotFound: there is no such export.

        """
        job = self._job(export_id)
        return export_of(job, self._problem(job))

    def _file_type(self, job: Job) -> FileType:
        return file_type(wish_of(job))

    def _written(self, job: Job, after: str | None) -> Written:
        wish = wish_of(job)
        if wish is None:
            return self._of_campaign(job, after)
        try:
            return self._audience_writer.part(wish, after, job.created_ms)
        except TooLargeError:
            raise ExportError(TOO_LARGE) from None

    def _of_campaign(self, job: Job, after: str | None) -> Written:
        campaign = self._campaign(job.request["campaign"])
        spot = FIRST if after is None else Spot.read(after)
        part = self._writer.part(campaign, asked_of(job), spot)
        return Written(
            data=part.data,
            counts=counted(part.people, part.unopened),
            after=None if part.after is None else str(part.after),
        )

    def _campaign(self, campaign_id: str) -> Campaign:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            raise NotFound("There is no such campaign.")
        return campaign

# SPDX-License-Identifier: Apache-2.0
"""Test mails of a campaign: one that SES accepted is what a campaign needs to be sent.

Guarantees that a test counts only for what it showed, that it counts only when SES accepted it, and
that it goes to a subscriber only when the campaign itself may.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.campaigns import Act, Campaign, next_status
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.eligibility import Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.state import Scope
from chalicelib.errors import Conflict, InputError, NotFound, OverBudget, Throttled, Unavailable
from chalicelib.ports.catalog import Brands, Campaigns, Lists
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.outside import Activity
from chalicelib.ports.sending import Outcome
from chalicelib.ports.system import Clock
from chalicelib.services.campaign_sight import CampaignSight, Seen
from chalicelib.services.ledger import Ledger
from chalicelib.services.samples import Samples
from chalicelib.services.service_mail import ServiceSender
from chalicelib.services.suppression_digests import rows_by_digest

TESTS_PER_DAY = 50
"""Test mails of one campaign, whoever asks for them."""
DAY_S = 86_400
_WHY_NOT: Mapping[SkipReason, str] = {
    SkipReason.RESTRICTED: "asked that nothing is done with their data for now",
    SkipReason.SUPPRESSED: "is suppressed",
    SkipReason.OBJECTED: "objected to mail of this brand",
    SkipReason.NO_CONSENT: "did not agree to this list, or agrees no more",
    SkipReason.WEAK_EVIDENCE: "agreed on weaker evidence than the campaign asks for",
}


class CampaignTests:
    """Sends test mails."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        campaigns: Campaigns,
        brands: Brands,
        lists: Lists,
        ledger: Ledger,
        store: LedgerStore,
        index: SuppressionIndex,
        activity: Activity,
        sender: ServiceSender,
        samples: Samples,
        clock: Clock,
    ) -> None:
        self._sight = sight
        self._campaigns = campaigns
        self._brands = brands
        self._lists = lists
        self._ledger = ledger
        self._store = store
        self._index = index
        self._activity = activity
        self._sender = sender
        self._samples = samples
        self._clock = clock

    def send(self, campaign_id: str, to: str) -> Campaign:
        """Send the campaign, filled with sample data, to one address of the operator's choice.

        A test is mail of the brand like any other: a subscriber gets it only when the campaign
        itself may go to them, and with a link that stops their own mail. Return the campaign, which
        is tested from now on.

        Raises:
            NotFound: there is no such campaign.
            IllegalTransition: it is scheduled, or was started or cancelled.
            InputError: a malformed address, or one that this campaign may not be sent to, or that
                SES refused.
            OverBudget: the campaign's tests of this day are used up; nothing was looked up.
            Conflict: the campaign was changed meanwhile; the test went out and does not count.
            DependencyError: SES did not take it, or did not say; it does not count.

        """
        seen = self._sight.get(campaign_id)
        campaign = seen.campaign
        status = next_status(seen.status, Act.TEST)
        address = parse_address(to)
        used = self._activity.count(f"test#{campaign.id}", DAY_S, self._clock.now_ms())
        if used > TESTS_PER_DAY:
            raise OverBudget(
                f"A campaign has {TESTS_PER_DAY} tests a day. Please try again tomorrow."
            )
        mailing_list, brand = self._home(campaign)
        sid = self._subscriber(campaign, address)
        message = self._samples.mail(
            brand, mailing_list, self._sight.content(campaign), address.deliverable, sid
        )
        _require_accepted(self._sender.send_one(brand.sender, message).outcome)
        passed = self._sight.fingerprint(campaign, brand)
        tested = replace(campaign, status=status, tested_fingerprint=passed, problem=None)
        return self._count(seen, tested)

    def _count(self, seen: Seen, tested: Campaign) -> Campaign:
        if tested == seen.campaign:
            return tested
        try:
            return self._campaigns.replace(tested)
        except Conflict:
            raise Conflict(
                "The campaign was changed while its test was sent, so the test does not count. "
                "Please send another."
            ) from None

    def _home(self, campaign: Campaign) -> tuple[MailingList, Brand]:
        mailing_list = self._lists.get(campaign.list)
        brand = self._brands.latest(campaign.brand)
        if mailing_list is None or brand is None:
            raise NotFound("There is no such campaign.")
        return mailing_list, brand

    def _subscriber(self, campaign: Campaign, address: Address) -> SubjectId | None:
        """Return whose address it is, None when it is nobody's we know.

        Raises:
            InputError: the campaign may not be sent there.

        """
        known = self._ledger.lookup(self._ledger.mac(address.normal))
        held = (*known.suppressions, *rows_by_digest(self._ledger, self._index, address))
        scope = Scope(campaign.brand, EMAIL)
        # A brand's or everybody's stops every test; one of another list does not.
        if any(x.list is None or x.reach.covers(scope, campaign.list) for x in held):
            raise InputError(
                code="suppressed", detail="This address is suppressed; no mail may go to it."
            )
        if known.sid is None:
            return None
        state = self._store.states([known.sid]).get(known.sid)
        verdict = decide(
            state, scope, campaign.list, campaign.purpose, minimum_grade=campaign.minimum_grade
        )
        if isinstance(verdict, Skipped):
            why = _WHY_NOT.get(verdict.reason, "may not be mailed")
            raise InputError(
                code="not_allowed",
                detail=f"The person with this address {why}. Nothing was sent. "
                "Use an address of your own.",
            )
        return known.sid


def _require_accepted(outcome: Outcome) -> None:
    """Say in words what became of a test that SES did not accept."""
    if outcome is Outcome.RETRY:
        raise Throttled("The mail service asked to wait. Please try again in a moment.")
    if outcome is Outcome.UNKNOWN:
        raise Unavailable("The mail service did not answer; the test may or may not arrive.")
    if outcome is Outcome.REJECTED:
        raise InputError(
            code="rejected", detail="The mail service refused this test. Check the sender."
        )

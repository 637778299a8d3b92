# SPDX-License-Identifier: Apache-2.0
"""The whole product over in-memory ports: the same container, other adapters.

`World.settle` plays the part of SQS: it hands every waiting message to its service until the
queues are empty, so that a test reads as a story.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.bootstrap import Container
from chalicelib.config import Settings
from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.facts import Measured
from chalicelib.domain.ids import BrandId, CampaignId, EventId, ListId, PurposeId, SubjectId
from chalicelib.domain.state import SubjectState
from chalicelib.ports.outside import Queue
from chalicelib.services.api_keys import KeyRing
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.runs import run_of
from chalicelib.services.signup import Session
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from tests.support.clock import FakeClock, SeededRandom
from tests.support.faults import Faults, Moment, no_faults
from tests.support.memory_access import MemoryAccessStore, MemoryAddressWishes
from tests.support.memory_account_list import (
    AccountListRows,
    MemoryAccountList,
    MemoryComparisons,
)
from tests.support.memory_audience import MemoryAudienceStore, MemoryFrequencyStore
from tests.support.memory_audit import MemoryLedgerAudit, MemoryObjectAudit
from tests.support.memory_breakers import BreakerState, MemoryBreakerRows
from tests.support.memory_catalog import (
    CatalogRows,
    MemoryApiKeys,
    MemoryBrands,
    MemoryCampaigns,
    MemoryForms,
    MemoryJobs,
    MemoryLists,
    MemoryReasons,
)
from tests.support.memory_deliverability import MemoryOwnPage, MemorySenderFacts, plant
from tests.support.memory_dns import MemoryDns
from tests.support.memory_dry_runs import MemoryDryRunParts
from tests.support.memory_erasure import MemoryErasures, MemoryPersonalData
from tests.support.memory_exports import MemoryExportFence, MemoryUploads
from tests.support.memory_facts import MemoryFactScan, MemoryFactStore
from tests.support.memory_folds import (
    FoldRows,
    MemoryFolds,
    MemoryUnresolvedCampaigns,
    MemoryWatermark,
)
from tests.support.memory_hygiene import (
    MemoryHealthStore,
    MemoryRests,
    MemorySuppressionIndex,
)
from tests.support.memory_imports import ImportStored, MemoryImportRows
from tests.support.memory_keys import (
    MemoryAddressMac,
    MemoryKeyWrapper,
    MemoryLinkKeys,
    MemoryLogSigner,
)
from tests.support.memory_ledger import (
    MemoryGroupStore,
    MemoryHeadStore,
    MemoryLedgerStore,
    MemoryOutbox,
    MemoryRows,
)
from tests.support.memory_links import LinkRows, MemoryCampaignLinks, MemoryHits
from tests.support.memory_mail_domains import MemoryMailDomainRows
from tests.support.memory_mails import MemoryMailStore
from tests.support.memory_messages import MemoryMessages
from tests.support.memory_outside import MemoryActivity, MemoryBlobs, MemoryQueues, OutsideRows
from tests.support.memory_rate import MemoryRateSlot, RateRow
from tests.support.memory_rights import MemoryRightsRecords
from tests.support.memory_runs import (
    MemoryChunkAccounts,
    MemoryDeliveries,
    MemoryPlanTotals,
    MemoryRuns,
    RunRows,
)
from tests.support.memory_scan import MemoryAudienceScan
from tests.support.memory_segment_counts import MemoryCountParts
from tests.support.memory_segments import MemoryLifecycles, MemorySegments
from tests.support.memory_send_reads import MemorySendReads
from tests.support.memory_sending import Mailed, MemorySender, SendingRows, accept
from tests.support.memory_templates import MemoryTemplates
from tests.support.memory_time import MemoryAnchors, MemoryTimeAuthority
from tests.support.memory_traces import MemoryTraces

BASE_URL = "https://mail.example.org"
ORIGIN = "mail.example.org/ledger"
VISITOR = Session(network="192.0.2.7", user_agent="Mozilla/5.0", page=f"{BASE_URL}/forms/demo")
READER = Session(network="198.51.100.4", user_agent="Mozilla/5.0")
TICKED = {"newsletter": "yes"}
PLENTY_MS = 15 * 60 * 1000
"""A worker's time, when nothing is said of it."""

_SETTINGS = Settings(
    base_url=BASE_URL,
    ledger_origin=ORIGIN,
    controller="example",
    ledger_table="ledger",
    vault_table="vault",
    audience_table="audience",
    campaigns_table="campaigns",
    activity_table="activity",
    bucket="store",
    confirmations_queue="confirmations",
    plans_queue="plans",
    chunks_queue="chunks",
    sequencing_queue="sequencing",
    proofs_queue="proofs",
    erasures_queue="erasures",
    anchors_queue="anchors",
    segments_queue="segments",
    suppressions_queue="suppressions",
    imports_queue="imports",
    vault_key="alias/vault",
    address_key="alias/address",
    links_key="alias/links",
    log_key="kms:alias/log",
    configuration_set="kvitto",
    signups_per_hour=100,
    plain_signups_per_hour=100,
    form_signups_per_hour=100,
)

_RENDERER = TemplateRenderer()
"""It keeps nothing but what it read and compiled, which takes longer than all else of a world."""


def _dns() -> MemoryDns:
    """A DNS in which all is right with the demo brand."""
    dns = MemoryDns()
    plant(dns.zone)
    return dns


class World(Container):
    """A fresh installation with the demo brand, list and form; nothing outside the process."""

    def __init__(self, seed: int = 1, **settings: Any) -> None:
        super().__init__(replace(_SETTINGS, **settings))
        self.faults: Faults = no_faults
        self.worker_ms = PLENTY_MS
        self.rows = MemoryRows()
        self.sending_rows = SendingRows()
        self.run_rows = RunRows(former=self.sending_rows)
        self.fold_rows = FoldRows()
        self.breakers_held = BreakerState()
        self.rate_row = RateRow()
        self.outside_rows = OutsideRows()
        self.account_list_rows = AccountListRows()
        self.import_stored = ImportStored(ledger=self.rows)
        self.catalog_rows = CatalogRows()
        self.link_rows = LinkRows()
        self.mailbox = MemorySender(faults=self._strike)
        self.messages = MemoryQueues(self.outside_rows, faults=self._strike)
        self.time = FakeClock()
        random = SeededRandom(seed)
        parts = {
            "clock": self.time,
            "random": random,
            "renderer": _RENDERER,
            "key_ring": KeyRing(
                keys=MemoryApiKeys(self.catalog_rows, faults=self._strike),
                clock=self.time,
                random=random,
            ),
            **self._keys(),
            **self._stores(),
            **self._catalog(),
            **self._outside(),
        }
        self.__dict__.update(parts)  # What cached_property would have made.
        self.setup.add_brand(DEMO_BRAND)
        self.setup.add_list(DEMO_LIST.id, DEMO_BRAND.id, DEMO_LIST.name)
        self.setup.add_form(DEMO_FORM)
        self.time.advance(1_000)  # Nobody signs up in the millisecond of the publication.

    def _keys(self) -> dict[str, Any]:
        strike = self._strike
        return {
            "wrapper": MemoryKeyWrapper(faults=strike),
            "address_mac": MemoryAddressMac(faults=strike),
            "log_signer": MemoryLogSigner(faults=strike),
            "link_keys": MemoryLinkKeys(faults=strike),
        }

    def _stores(self) -> dict[str, Any]:
        """What is held of people."""
        rows, strike = self.rows, self._strike
        health = MemoryHealthStore(faults=strike)
        return {
            "store": MemoryLedgerStore(rows, faults=strike),
            "mail_records": MemoryMailStore(rows, faults=strike),
            "outbox": MemoryOutbox(rows, faults=strike),
            "heads": MemoryHeadStore(origin=ORIGIN, rows=rows, faults=strike),
            "audience": MemoryAudienceStore(rows, faults=strike),
            "audience_scan": MemoryAudienceScan(rows, faults=strike),
            "facts": MemoryFactStore(rows, self.outside_rows, faults=strike),
            "fact_scan": MemoryFactScan(rows, self.outside_rows, faults=strike),
            "frequency": MemoryFrequencyStore(rows, faults=strike),
            "health": health,
            "rests": MemoryRests(rows, faults=strike),
            "suppression_index": MemorySuppressionIndex(faults=strike),
            "account_list": MemoryAccountList(self.time, self.account_list_rows, faults=strike),
            "comparisons": MemoryComparisons(self.account_list_rows, faults=strike),
            "personal_data": MemoryPersonalData(
                rows, self.outside_rows, health.rows, faults=strike
            ),
            "erasure_records": MemoryErasures(faults=strike),
            "rights_records": MemoryRightsRecords(faults=strike),
            "ledger_audit": MemoryLedgerAudit(rows),
            "group_store": MemoryGroupStore(rows, faults=strike),
            "import_rows": MemoryImportRows(self.import_stored, faults=strike),
        }

    def _catalog(self) -> dict[str, Any]:
        """What an operator made, and how far its sending is."""
        rows, strike = self.catalog_rows, self._strike
        return {
            "brands": MemoryBrands(rows, faults=strike),
            "lists": MemoryLists(rows, faults=strike),
            "forms": MemoryForms(rows, faults=strike),
            "campaign_rows": MemoryCampaigns(rows, faults=strike),
            "jobs": MemoryJobs(rows, faults=strike),
            "reasons": MemoryReasons(rows, faults=strike),
            "segment_rows": MemorySegments(rows, faults=strike),
            "lifecycle_rows": MemoryLifecycles(rows, faults=strike),
            "count_parts": MemoryCountParts(rows, faults=strike),
            "template_rows": MemoryTemplates(rows, faults=strike),
            "rate": MemoryRateSlot(self.rate_row, faults=strike),
            "runs": MemoryRuns(self.run_rows, faults=strike),
            "chunk_accounts": MemoryChunkAccounts(self.run_rows, faults=strike),
            "plan_totals": MemoryPlanTotals(self.run_rows, faults=strike),
            "deliveries": MemoryDeliveries(self.run_rows, faults=strike),
            "send_reads": MemorySendReads(self.rows, rows, strike, self.breakers_held),
            "dry_run_parts": MemoryDryRunParts(faults=strike),
            "folds": MemoryFolds(self.fold_rows, faults=strike),
            "watermark": MemoryWatermark(self.fold_rows, faults=strike),
            "breaker_rows": MemoryBreakerRows(self.breakers_held, faults=strike),
            "unresolved_campaigns": MemoryUnresolvedCampaigns(self.fold_rows, faults=strike),
        }

    def _outside(self) -> dict[str, Any]:
        """What comes and goes, objects, and services of others."""
        rows, strike = self.outside_rows, self._strike
        return {
            "activity": MemoryActivity(rows, faults=strike),
            "access_rows": MemoryAccessStore(rows, faults=strike),
            "address_wishes": MemoryAddressWishes(rows, faults=strike),
            "traces": MemoryTraces(rows, faults=strike),
            "message_rows": MemoryMessages(rows, faults=strike),
            "campaign_links": MemoryCampaignLinks(self.link_rows, faults=strike),
            "hits": MemoryHits(self.link_rows, rows, faults=strike),
            "blobs": MemoryBlobs(rows, faults=strike),
            "object_audit": MemoryObjectAudit(rows),
            "export_fence": MemoryExportFence(rows, faults=strike),
            "uploads": MemoryUploads(rows, faults=strike),
            "anchors": MemoryAnchors(faults=strike),
            "time_authority": MemoryTimeAuthority(self.time, faults=strike),
            "queues": self.messages,
            "sender": self.mailbox,
            "dns": _dns(),
            "mail_domain_rows": MemoryMailDomainRows(rows, faults=strike),
            "sender_facts": MemorySenderFacts(),
            "own_page": MemoryOwnPage(f"log {ORIGIN}+00000000+AAAA"),
        }

    def _strike(self, call: str, moment: Moment) -> None:
        self.faults(call, moment)

    @property
    def mails(self) -> list[Mailed]:
        """Mails SES accepted, oldest first."""
        return self.mailbox.mailed

    def sign_up(self, email: str, language: str = "en", **fields: str) -> EventId:
        """Submit the demo form and return the request's event id."""
        before = set(self.rows.located)
        self.signup.submit("demo", {**TICKED, "email": email, **fields}, VISITOR, language)
        (request,) = set(self.rows.located) - before
        return request

    def confirm_token(self, email: str) -> str:
        """The token in the newest confirmation mail to ``email``."""
        texts = [m.message.text for m in self.mails if m.message.to == email]
        for text in reversed(texts):
            found = re.search(r"/confirm/([A-Za-z0-9_-]+)", text)
            if found:
                return found[1]
        raise AssertionError("no confirmation mail")

    def subscribe(self, email: str, **fields: str) -> SubjectId:
        """Walk the whole double opt-in and return the subject."""
        self.sign_up(email, **fields)
        self.settle()
        link = self.confirmation.confirm(self.confirm_token(email), READER)
        self.settle()
        return link.token.sid

    def state(self, sid: SubjectId) -> SubjectState:
        """The stored state."""
        loaded = self.store.load(sid)
        assert loaded.state is not None
        return loaded.state

    def types(self, sid: SubjectId) -> list[str]:
        """The types of the subject's entries in order."""
        return [str(event_of_leaf(entry.leaf).type) for entry in self.store.history(sid)]

    def campaign(self, name: str = "News", **content: str) -> CampaignId:
        """Write, test and start a campaign to the demo list."""
        made = self.campaigns.create(
            name=name,
            list_id=ListId("newsletter"),
            purpose=PurposeId("newsletter"),
            content=Content(subject="Hello", html=content.get("html", "<p>Hello</p>")),
        ).campaign
        self.test(made.id)
        self.campaigns.act(made.id, Act.SEND)
        return made.id

    def test(self, campaign: CampaignId) -> None:
        """Send a test that SES takes, and leave the mailbox and the faults as they were."""
        faults, mailbox = self.faults, self.mailbox
        kept = (list(mailbox.mailed), list(mailbox.calls), mailbox.answer)
        self.faults, mailbox.answer = no_faults, accept
        self.campaign_tests.send(campaign, "tester@example.org")
        self.faults, mailbox.answer = faults, kept[2]
        mailbox.mailed[:], mailbox.calls[:] = kept[0], kept[1]

    def settle(self, *only: Queue) -> None:
        """Hand over messages until the queues (or only those named) are empty."""
        queues = only or tuple(Queue)
        while taken := [(q, m) for q in queues for m in self.messages.take(q)]:
            for queue, body in taken:
                self.handle(queue, body)

    def handle(self, queue: Queue, body: Mapping[str, Any]) -> None:
        """Give one message to its service, as the Lambda handler would."""
        handlers: Mapping[Queue, Callable[[Mapping[str, Any]], object]] = {
            Queue.CONFIRMATIONS: self._mail,
            Queue.PLANS: self._plan,
            Queue.CHUNKS: self._run,
            Queue.SEQUENCING: self._sequence,
            Queue.PROOFS: lambda body: self.proofs.build(body["job"]),
            Queue.ANCHORS: lambda body: self.anchoring.anchor(body["size"]),
            Queue.ERASURES: self._erase,
            Queue.SEGMENTS: self._of_segments,
            Queue.SUPPRESSIONS: self._of_suppressions,
            Queue.IMPORTS: self._import,
        }
        if queue in handlers:
            handlers[queue](body)

    def _run(self, body: Mapping[str, Any]) -> None:
        self.run_worker.deliver(run_of(body), self.time.now_ms() + self.worker_ms)

    def _erase(self, body: Mapping[str, Any]) -> None:
        if "erasure" in body:
            self.erasures.perform(body["erasure"])
        elif "waiting" in body:
            self.unconfirmed.erase_waiting(EventId(body["waiting"]))
        else:
            self.unconfirmed.erase(EventId(body["unconfirmed"]))

    def _import(self, body: Mapping[str, Any]) -> None:
        until_ms = self.time.now_ms() + self.worker_ms
        if "lane" in body:
            self.import_work.go_on(body["import"], body["lane"], body["do"], until_ms)
        else:
            self.import_work.begin(body["import"], body["do"], until_ms)

    def _plan(self, body: Mapping[str, Any]) -> None:
        if "dry" in body:
            self.dry_run_shards.work(body["campaign"], body["shard"], body["dry"])
        else:
            self.shard_planner.plan(body["campaign"], body["shard"])

    def _sequence(self, body: Mapping[str, Any]) -> None:
        if "forget" in body:
            self.messages.send(Queue.SEGMENTS, {"v": 1, "forget": body["forget"]})
        self.sequencer.run()

    def _of_segments(self, body: Mapping[str, Any]) -> None:
        if "count" in body:
            self.segment_counts.make_part(body["count"], body["shard"])
        elif "forget" in body:
            self.forgetting.person(SubjectId(body["forget"]))
        elif "export" in body:
            self.exports.make(body["export"])
        else:
            sid, measured = SubjectId(body["subscriber"]), Measured(body["kind"])
            self.measured_facts.note(sid, body["campaign"], body["hit"], measured)

    def _of_suppressions(self, body: Mapping[str, Any]) -> None:
        if "held" in body:
            self.account_list_sync.settle(SubjectId(body["held"]))
        elif "import" in body:
            self.suppression_imports.run(body["import"])
        elif "export" in body:
            self.suppression_exports.make(body["export"])
        else:
            self.account_list_sync.run()

    def _mail(self, body: Mapping[str, Any]) -> None:
        if "address" in body:
            self.address_mail.ask(SubjectId(body["address"]), body["wish"])
        elif "moved" in body:
            self.address_mail.tell(SubjectId(body["moved"]), body["entry"], body["language"])
        elif "access" in body:
            sid, brand = SubjectId(body["access"]), BrandId(body["brand"])
            self.access_mail.send(sid, brand, body["language"], body["page"])
        elif "message" in body:
            self.message_mail.send(body["message"])
        else:
            self.confirmation_mail.send(EventId(body["request"]))

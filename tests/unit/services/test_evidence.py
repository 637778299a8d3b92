# SPDX-License-Identifier: Apache-2.0
"""What the services gather for a bundle: everything that was asked for, and nothing else."""

import json
from hashlib import sha256

import pytest

from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.jobs import JobStatus
from chalicelib.errors import InputError, NotFound
from chalicelib.ports.outside import Queue
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from chalicelib.services.ledger import Draft
from chalicelib.services.mail_record import mail_document, seal_mail
from chalicelib.services.proofs import GONE, Wish
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.bundles import bundle_files, json_of, lengthen, watch
from tests.support.faults import FailOnce, Moment
from tests.support.world import World

EMAIL = docs.RECIPIENT


@pytest.fixture
def world():
    return World()


def names(files, folder):
    return sorted(name for name in files if name.startswith(f"{folder}/"))


def erase(world, sid):
    """Erase somebody with two keys; return the erasure's id."""
    asked = world.erasures.request({"subscriber": sid}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    return asked.id


class TestMails:
    def test_the_confirmed_mail_is_shown_as_it_was_sent(self, world):
        world.subscribe(EMAIL)
        files = bundle_files(world, {"email": EMAIL})
        sent = world.mails[0]
        assert files["mails/1.json"] == mail_document(sent.sender, sent.message)
        (line,) = json_of(files, "deliveries.json")
        assert line == {"at": line["at"], "mail": 1, "message_id": sent.message_id}

    def test_the_servers_answer_stands_on_its_line(self, world):
        world.subscribe(EMAIL)
        document = docs.delivery()
        document["mail"]["messageId"] = world.mails[0].message_id
        document["mail"]["tags"] = {n: [v] for n, v in world.mails[0].message.tags}
        world.feedback.record(json.dumps(document))
        (line,) = json_of(bundle_files(world, {"email": EMAIL}), "deliveries.json")
        assert line["event"] == "Delivery"
        assert line["answer"] == document["delivery"]["smtpResponse"]

    def test_an_answer_about_another_try_is_left_out(self, world):
        world.subscribe(EMAIL)
        document = docs.delivery()
        document["mail"]["tags"] = {n: [v] for n, v in world.mails[0].message.tags}
        world.feedback.record(json.dumps(document))
        (line,) = json_of(bundle_files(world, {"email": EMAIL}), "deliveries.json")
        assert "event" not in line

    def test_a_mail_whose_link_still_works_is_left_out_until_it_does_not(self, world):
        world.sign_up(EMAIL)
        world.settle()
        assert names(bundle_files(world, {"email": EMAIL}), "mails") == []
        world.time.advance(TOKEN_LIFE_MS)
        assert names(bundle_files(world, {"email": EMAIL}), "mails") == ["mails/1.json"]

    def test_a_mail_with_an_unsubscribe_link_is_never_shown(self, world):
        world.subscribe(EMAIL)
        world.time.advance(3_600_000)
        world.sign_up(EMAIL)
        world.settle()
        files = bundle_files(world, {"email": EMAIL})
        assert names(files, "mails") == ["mails/1.json"]
        assert [line["mail"] for line in json_of(files, "deliveries.json")] == [1, 4]

    def test_a_mail_that_was_overwritten_by_another_try_is_left_out(self, world):
        sid = world.subscribe(EMAIL)
        ((place, _),) = world.rows.mails.items()
        assert place == (sid, 0)
        chain = world.ledger.open(sid)
        world.rows.mails[place] = seal_mail(chain.keys, 0, b"{}", b"n" * 12)
        assert names(bundle_files(world, {"email": EMAIL}), "mails") == []


class TestPrivacy:
    def test_the_text_linked_at_the_sign_up_is_shown_with_its_entry(self, world):
        world.subscribe(EMAIL)
        files = bundle_files(world, {"email": EMAIL})
        html, leaf, _ = names(files, "privacy")
        sha = world.brands.get("demo").privacy["en"]
        assert html == f"privacy/{sha}.html"
        assert sha256(files[html]).hexdigest() == sha
        entry = json_of(files, leaf)
        assert (entry["typ"], entry["brd"], entry["cnt"]) == ("policy.changed", "demo", sha)

    def test_it_is_the_one_in_the_visitors_language(self, world):
        world.sign_up(EMAIL, language="sv")
        world.settle()
        files = bundle_files(world, {"email": EMAIL})
        assert f"privacy/{world.brands.get('demo').privacy['sv']}.html" in files


class TestCampaigns:
    def test_each_campaign_they_were_planned_for_is_shown_with_its_content_and_plan(self, world):
        sid = world.subscribe(EMAIL)
        for number in range(3):
            world.subscribe(f"other{number}@example.org")
        world.time.advance(1000)
        campaign = world.campaign(html="<p>{{ first_name }}</p>")
        world.settle()
        files = bundle_files(world, {"email": EMAIL})
        content = json_of(files, f"campaigns/{campaign}.content.json")
        assert content["source_html"] == "<p>{{ first_name }}</p>"
        assert (content["subject"], content["list"]) == ("Hello", "newsletter")
        assert (content["purpose"], content["segment"]) == ("newsletter", None)
        plan = json_of(files, f"campaigns/{campaign}.plan.json")
        assert plan["size"] == 4
        line = json_of(files, "deliveries.json")[-1]
        assert (line["campaign"], line["entry"]) == (campaign, 2)
        assert world.deliveries.delivery(line["delivery"]).row.sid == sid

    def test_one_they_were_not_planned_for_is_not(self, world):
        world.subscribe("other@example.org")
        world.sign_up(EMAIL)
        world.settle()
        world.campaign()
        world.settle()
        assert names(bundle_files(world, {"email": EMAIL}), "campaigns") == []

    def test_one_planned_after_they_joined_is_shown_although_it_was_started_before(self, world):
        campaign = world.campaign()
        held = world.messages.take(Queue.PLANS)
        world.time.advance(40 * 24 * 3_600_000)
        world.subscribe(EMAIL)
        world.messages.send_all(Queue.PLANS, held)
        world.settle()
        assert f"campaigns/{campaign}.plan.json" in bundle_files(world, {"email": EMAIL})

    def test_one_planned_before_they_first_asked_is_not_looked_at(self, world):
        world.subscribe("other@example.org")
        world.campaign()
        world.settle()
        world.time.advance(2 * 3_600_000)
        world.subscribe(EMAIL)
        reads = watch(world)
        assert names(bundle_files(world, {"email": EMAIL}), "campaigns") == []
        assert reads.starting("manifests/") == []

    def test_somebody_planned_who_withdrew_before_the_send_has_a_plan_and_no_delivery(self, world):
        sid = world.subscribe(EMAIL)
        campaign = world.campaign()
        world.settle(Queue.PLANS)
        world.suppressions.add(EMAIL, "manual")
        world.settle()
        files = bundle_files(world, {"subscriber": sid})
        assert f"campaigns/{campaign}.plan.json" in files
        assert [line for line in json_of(files, "deliveries.json") if "campaign" in line] == []

    def test_a_campaign_that_is_still_being_planned_is_left_out(self, world):
        world.subscribe(EMAIL)
        world.campaign()
        bodies = world.messages.take(Queue.PLANS)
        for body in bodies[:-1]:
            world.handle(Queue.PLANS, body)
        assert names(bundle_files(world, {"email": EMAIL}), "campaigns") == []


class TestSelection:
    @pytest.fixture
    def both(self, world):
        """Somebody on two lists, each with a campaign; returns the campaigns."""
        world.setup.add_list("offers", "demo", "Offers")
        sid = world.subscribe(EMAIL)
        joined = Draft(
            type=EventType.CONSENT_CONFIRMED,
            brand=BrandId("demo"),
            lists=(ListId("offers"),),
            purposes=(PurposeId("newsletter"),),
            notice=world.forms.get("demo").notices[0].sha256,
            via=Via.OPERATOR,
        )
        world.ledger.append(world.ledger.open(sid), [joined])
        made = {}
        for name in ("newsletter", "offers"):
            draft = world.campaigns.create(
                name=name,
                list_id=ListId(name),
                purpose=PurposeId("newsletter"),
                content=Content(subject=name, html="<p>x</p>"),
            ).campaign
            world.test(draft.id)
            world.campaigns.act(draft.id, Act.SEND)
            world.settle()
            made[name] = draft.id
        return made

    def test_only_what_was_asked_for_is_opened_and_shown(self, world, both):
        files = bundle_files(world, {"email": EMAIL}, Wish(lists=("offers",)))
        opened = [name for name in names(files, "events") if name.endswith(".disclosures")]
        assert [bool(files[name]) for name in opened] == [False, False, False, True, False]
        assert names(files, "mails") == []
        assert names(files, "privacy") == []
        assert f"campaigns/{both['offers']}.plan.json" in files
        assert f"campaigns/{both['newsletter']}.plan.json" not in files
        (line,) = json_of(files, "deliveries.json")
        assert line["campaign"] == both["offers"]

    def test_campaigns_of_another_purpose_stay_out(self, world, both):
        files = bundle_files(world, {"email": EMAIL}, Wish(purposes=("measurement",)))
        assert names(files, "campaigns") == []


class TestErased:
    def test_the_chain_of_an_erased_person_is_shown_by_the_erasures_id(self, world):
        sid = world.subscribe(EMAIL)
        campaign = world.campaign()
        world.settle()
        erasure = erase(world, sid)
        wish = Wish(recipient="An authority", reason="authority", language="sv")
        files = bundle_files(world, {"erasure": erasure}, wish)
        last = max(int(name.split("/")[1].split(".")[0]) for name in names(files, "events"))
        entry = json_of(files, f"events/{last}.leaf.json")
        assert entry["typ"] == "subject.erased"
        assert json_of(files, "chain.json") == {"key": entry["chk"], "total": last + 1}
        assert not any(files[name] for name in files if name.endswith(".disclosures"))
        assert names(files, "mails") == []
        export = json_of(files, "export.leaf.json")
        assert "tag" not in export
        assert export["rsn"] == "authority"
        assert f"campaigns/{campaign}.plan.json" in files
        assert json_of(files, "manifest.json")["recipient"] == "An authority"
        assert not any(EMAIL.encode() in data for data in files.values())

    def test_the_erased_are_found_by_their_id_as_well_and_by_nothing_personal(self, world):
        sid = world.subscribe(EMAIL)
        erase(world, sid)
        assert bundle_files(world, {"subscriber": sid})
        with pytest.raises(NotFound):
            world.proofs.request({"email": EMAIL}, Wish())

    def test_what_was_asked_about_an_erased_person_is_sealed_in_the_job(self, world):
        sid = world.subscribe(EMAIL)
        erase(world, sid)
        job = world.proofs.request({"subscriber": sid}, Wish(recipient="Somebody by name"))
        assert "Somebody" not in repr(world.catalog_rows.jobs)
        world.settle()
        assert world.proofs.get(job.id).status is JobStatus.READY

    def test_a_bundle_of_an_erased_person_outlives_the_second_sweep(self, world):
        sid = world.subscribe(EMAIL)
        erase(world, sid)
        job = world.proofs.request({"subscriber": sid}, Wish())
        world.settle()
        assert not (world.proofs.get(job.id).blob or "").startswith(f"bundles/{sid}/")

    def test_a_bundle_prepared_before_an_erasure_is_never_finished(self, world):
        sid = world.subscribe(EMAIL)
        job = world.proofs.request({"subscriber": sid}, Wish())
        world.settle(Queue.SEQUENCING)
        (body,) = world.messages.take(Queue.PROOFS)
        world.handle(Queue.PROOFS, body)
        blobs = world.outside_rows.blobs
        kept = {key: blob for key, blob in blobs.items() if key.startswith("bundles/")}
        (again,) = world.messages.take(Queue.PROOFS)
        erase(world, sid)
        world.messages.send(Queue.PROOFS, again)
        blobs.update(kept)  # The sweep came before the worker's last write.
        world.settle()
        found = world.proofs.get(job.id)
        assert (found.status, found.problem) == (JobStatus.FAILED, GONE)


class TestTime:
    def test_the_checkpoint_a_bundle_is_built_on_is_stamped_and_shown(self, world):
        world.time_authority.stamps = True
        world.subscribe(EMAIL)
        files = bundle_files(world, {"email": EMAIL})
        size = int(files["checkpoint.note"].splitlines()[1])
        assert {f"anchors/{size}.note", f"anchors/{size}.tsr"} <= set(files)
        assert files[f"anchors/{size}.note"] == files["checkpoint.note"]
        assert files[f"anchors/{size}.consistency"] == b""

    def test_a_bundle_goes_without_a_stamp_when_nobody_gives_one(self, world):
        world.subscribe(EMAIL)
        world.time_authority.stamps = True
        world.faults = FailOnce("TimeAuthority.stamp", Moment.BEFORE)
        assert names(bundle_files(world, {"email": EMAIL}), "anchors") == []


class TestSelectors:
    def test_a_message_id_ses_never_reported_leads_to_nobody(self, world):
        world.subscribe(EMAIL)
        with pytest.raises(NotFound):
            world.proofs.request({"message_id": world.mails[0].message_id}, Wish())

    @pytest.mark.parametrize("selector", [{}, {"email": EMAIL, "token": "x"}, {"name": "x"}])
    def test_there_is_exactly_one_and_a_known_one(self, world, selector):
        with pytest.raises(InputError):
            world.proofs.request(selector, Wish())

    @pytest.mark.parametrize("selector", [{"erasure": "A" * 22}, {"subscriber": "A" * 22}])
    def test_an_id_of_nobody_finds_nobody(self, world, selector):
        with pytest.raises(NotFound):
            world.proofs.request(selector, Wish())


class TestReads:
    """However long the log is, a bundle reads a few objects of it."""

    @pytest.fixture
    def reads(self, world):
        """What building the bundle of somebody in the middle of a million entries read."""
        lengthen(world, 400_000)
        world.subscribe(EMAIL)
        lengthen(world, 600_000)
        job = world.proofs.request({"email": EMAIL}, Wish())
        world.sequencer.run()
        reads = watch(world)
        world.handle(Queue.PROOFS, {"job": job.id})
        return reads

    def test_gathering_it_reads_twelve_objects_in_all(self, world, reads):
        assert world.published_log.tree().checkpoint.size > 1_000_000
        assert len(reads.starting("notice/", "privacy/")) == 4
        assert len(reads.keys[:-1]) == 12  # The last is of the first line.
        assert reads.total_bytes < 100_000

    def test_with_its_export_entry_it_reads_twelve_objects_of_the_log(self, world, reads):
        gathered = len(reads.keys)
        world.sequencer.run()
        del reads.keys[gathered:]
        body = world.messages.take(Queue.PROOFS)[-1]
        world.handle(Queue.PROOFS, body)
        assert world.proofs.get(body["job"]).status is JobStatus.READY
        assert len(reads.starting("log/")) == 12

# SPDX-License-Identifier: Apache-2.0
"""The walk's chapter about what SES tells: too much comes back, and sending stops itself.

It guarantees what `story` does: each step asserts what a person would see.
"""

from tests.package.campaign_story import LEAVER, PROOFREADER, SECOND, accept, act, write
from tests.package.installation import Installation

MANY = 100


def feedback(site: Installation) -> None:
    """Deliveries, then a bounce and a complaint, then events about mails without a delivery."""
    assert site.consume("record_ses_events", least=2) >= 2
    came_back(site)
    complained(site)
    let_go(site)
    lost(site)
    site.happen(site.mails(PROOFREADER)[-1]["id"], "Bounce")
    site.happen(site.mails("refuser@example.org")[-1]["id"], "Bounce")
    assert site.consume("record_ses_events", least=2) >= 2
    for email in (SECOND, LEAVER, PROOFREADER, "refuser@example.org"):
        assert site.api("GET", "/suppressions", query={"email": email})["items"], email
    site.api("POST", "/suppressions", {"email": LEAVER, "reason": "asked"}, expect=201)


def came_back(site: Installation) -> None:
    """One more mail of many comes back: somebody is warned."""
    counted(site, "hard", 4)
    site.happen(site.mails(SECOND)[-1]["id"], "Bounce")
    assert site.consume("record_ses_events") >= 1
    (domain,) = held(site)
    assert (domain["domain"], domain["level"]) == ("example.org", "warn")


def complained(site: Installation) -> None:
    """One more person complains: nothing more goes to that domain, or of that campaign."""
    counted(site, "complained", 2)
    site.happen(site.mails(LEAVER)[-1]["id"], "Complaint")
    assert site.consume("record_ses_events") >= 1
    (domain,) = held(site)
    assert (domain["level"], domain["why"]) == ("stop", "complaints")


def let_go(site: Installation) -> None:
    """Somebody lets the domain go on; the campaign was over before."""
    (domain,) = held(site)
    route = "/deliverability/domains/{domain}/resume"
    site.api("POST", route, expect=202, domain=domain["id"])
    assert not held(site)
    for _ in range(2):
        site.schedule("advance_campaigns")


def lost(site: Installation) -> None:
    """Whoever counted was lost before a campaign was stopped: the clock stops it."""
    campaign = write(site, "Seventh")
    act(site, campaign, "test", {"to": PROOFREADER})
    act(site, campaign, "send")
    site.consume("plan_campaigns")
    counts = {"v": 1, "delivered": MANY, "complained": 3}
    row = {"pk": {"S": f"BRK#C#{campaign}"}, "sk": {"S": "SUM"}}
    row |= {name: {"N": str(value)} for name, value in counts.items()}
    site.client("dynamodb").put_item(TableName="kvitto-campaigns", Item=row)
    site.schedule("advance_campaigns")
    assert seen(site, campaign)["problem"] == "complaints"
    act(site, campaign, "resume", expect=409)
    accept(site, campaign)
    site.consume("send_chunks")
    site.schedule("advance_campaigns")
    assert (seen(site, campaign)["status"], seen(site, campaign)["problem"]) == ("sent", None)


def seen(site: Installation, campaign: str) -> dict[str, object]:
    """A campaign as it is now."""
    return site.api("GET", "/campaigns/{campaign}", campaign=campaign)


def held(site: Installation) -> list[dict[str, object]]:
    """The domains that mail is held back from, or nearly."""
    return site.api("GET", "/deliverability/domains")["items"]


def counted(site: Installation, what: str, harmed: int) -> None:
    """Let what was counted of campaigns and domains be as after many mails."""
    database = site.client("dynamodb")
    counters = [
        {name: row[name] for name in ("pk", "sk")}
        for row in database.scan(TableName="kvitto-campaigns")["Items"]
        if row["pk"]["S"].startswith("BRK#")
    ]
    assert counters
    for key in counters:
        database.update_item(
            TableName="kvitto-campaigns",
            Key=key,
            UpdateExpression="SET delivered = :many, #what = :harmed",
            ExpressionAttributeNames={"#what": what},
            ExpressionAttributeValues={":many": {"N": str(MANY)}, ":harmed": {"N": str(harmed)}},
        )

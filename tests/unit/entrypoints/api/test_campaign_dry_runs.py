# SPDX-License-Identifier: Apache-2.0
"""Dry runs over the API, and a campaign that goes on without whom it cannot be made for."""

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.plan_gate import RENDERING

CAMPAIGN = {
    "name": "November",
    "list": "newsletter",
    "purpose": "newsletter",
    "subject": "News",
    "html": "<h1>News</h1><p>{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}</p>",
}


def written(api, world):
    for name in ("Anna", "Bo"):
        world.subscribe(f"{name.lower()}@example.org", first_name=name)
    world.mails.clear()
    return api.post("/api/v1/campaigns", json=CAMPAIGN).headers["location"]


def test_a_dry_run_tells_what_a_send_would_do_and_mails_nobody(api, world):
    path = written(api, world)
    assert api.get(f"{path}/dry-run").status == 404
    asked = api.post(f"{path}/dry-run")
    assert (asked.status, asked.json["status"], asked.json["result"]) == (202, "pending", None)
    world.settle()
    told = api.get(f"{path}/dry-run").json
    assert (told["status"], told["id"]) == ("ready", asked.json["id"])
    found = told["result"]
    assert (found["considered"], found["planned"], found["would_be_mailed"]) == (2, 2, 1)
    assert found["why_not"] == {"rendering": 1}
    assert [each["part"] for each in found["failing"]] == ["HTML"]
    assert world.mails == []


def test_whose_mail_cannot_be_made_is_left_out_when_somebody_says_so(api, world):
    path = written(api, world)
    api.post(f"{path}/test", json={"to": "me@example.org"})
    world.mails.clear()
    api.post(f"{path}/send")
    world.settle()
    seen = api.get(path).json
    assert (seen["status"], seen["problem"]) == (CampaignStatus.PAUSED, RENDERING)
    assert world.mails == []
    assert api.post(f"{path}/resume?skip_rendering=perhaps").status == 422
    assert api.post(f"{path}/resume?skip_rendering=true").status == 202
    world.settle()
    seen = api.get(path).json
    assert (seen["sent"], seen["skipped"]) == (1, {"rendering": 1})

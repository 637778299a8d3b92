# SPDX-License-Identifier: Apache-2.0
"""Journey: a list of 2,000 people moves here from another tool, and only who may is written to."""

import csv
import io

from tests.support.import_files import zipped
from tests.support.import_uploads import FORM_WITH_FILE, STATEMENT, form_with_file
from tests.support.local_run import until

SUBJECT = "The first letter from the new house"
HEADER = (
    *("Email Address", "First Name", "MEMBER_RATING", "OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME"),
    *("CONFIRM_IP", "CC", "LAST_CHANGED", "LEID", "EUID", "TAGS"),
)
ENDED = ("UNSUB_TIME", "UNSUB_REASON")
CLEANED = ("CLEAN_TIME",)
ASKED, ANSWERED, LATER = "2024-05-06 07:08:09", "2024-05-06 07:10:11", "2025-01-02 03:04:05"
OLD = "2019-01-02 03:04:05"
ROWS = 2_000
PATIENCE_S = 300
"""A stage of a slow machine's; how fast an import is, `make bench` says."""


def people(name, count):
    return [f"{name}{number}@example.org" for number in range(count)]


PROVEN = people("proven", 120)
SINGLE = people("single", 300)
SILENT = people("silent", 60)
TWICE = people("twice", 50)
BUYERS = people("buyer", 150)
LEFT = people("left", 250)
ANGRY = people("angry", 30)
GONE = people("gone", 60)
PEOPLE = sum(map(len, (PROVEN, SINGLE, SILENT, TWICE, BUYERS, LEFT, ANGRY, GONE)))


def row(number, email, country, asked, answered, *more):
    """A row as Mailchimp writes it; who answered later than they asked confirmed by a mail."""
    tags = '"Customer","Spring, early"' if number % 3 == 0 else ""
    own = (email, "First", "3", asked, "192.0.2.1", answered, "192.0.2.2", country, LATER)
    return (*own, str(number), f"e{number}", tags, *more)


def table(rows, *more):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((*HEADER, *more))
    writer.writerows(rows)
    return text.getvalue().encode()


def numbered(emails, country, *said):
    return [row(number, each, country, *said) for number, each in enumerate(emails)]


def audience(subscribed, others, unsubscribed, cleaned):
    """The ZIP of one audience."""
    return zipped(
        {
            "subscribed_members_export.csv": table(subscribed),
            "nonsubscribed_members_export.csv": table(others),
            "unsubscribed_members_export.csv": table(unsubscribed, *ENDED),
            "cleaned_members_export.csv": table(cleaned, *CLEANED),
        }
    )


def export():
    """The ZIP of an account with two audiences of 1,070 and 930 rows; most people are in both."""
    buyers = numbered(BUYERS, "SE", "", ANSWERED)
    gone = numbered(GONE, "SE", ASKED, ANSWERED, LATER)
    singles = numbered(SINGLE, "DE", ASKED, ASKED)
    silent = numbered(SILENT, "FR", OLD, OLD)
    first = audience(
        [
            *numbered(PROVEN[:60], "DE", ASKED, ANSWERED),
            *numbered(PROVEN[60:], "SE", ASKED, ASKED),
            *singles,
            *silent,
            *numbered(TWICE, "SE", ASKED, ANSWERED),
        ],
        buyers,
        [
            *numbered(LEFT, "SE", ASKED, ANSWERED, LATER, "No longer interested"),
            *numbered(TWICE, "SE", ASKED, ANSWERED, LATER, ""),
            *numbered(ANGRY, "DE", ASKED, ANSWERED, LATER, "ABUSE"),
        ],
        gone,
    )
    second = audience(
        [
            *numbered(PROVEN[:60], "DE", ASKED, ASKED),
            *numbered(PROVEN[60:110], "SE", ASKED, ASKED),
            *numbered(LEFT, "SE", ASKED, ANSWERED),
            *singles,
            *silent,
        ],
        buyers,
        [],
        gone,
    )
    return zipped({"lists/first.zip": first, "lists/second.zip": second})


BECOME = {
    "DE": {"consent": 60, "weak-evidence": 300, "complained": 30},
    "SE": {"consent": 60, "unconfirmed": 150, "opted-out": 300, "bounced": 60},
    "FR": {"silent": 60},
}


def reached(stack, import_id, stage):
    def look():
        seen = stack.api("GET", f"/imports/{import_id}").json
        assert seen["stage"] != "failed", seen["problem"]
        return seen if seen["stage"] == stage else None

    return until(look, f"an import to be {stage}", PATIENCE_S)


def whys(seen):
    return {each["country"]: each["why"] for each in seen["preview"]["countries"]}


def mailed(stack):
    found = stack.get("/local/mailbox.json").json["messages"]
    return sorted(address for each in found if each["subject"] == SUBJECT for address in each["to"])


def test_a_list_of_two_thousand_moves_here_and_only_who_may_is_mailed(installation):
    stack = installation
    listed = stack.api("POST", "/lists", {"id": "moved", "brand": "demo", "name": "Moved"})
    assert listed.status == 201, listed.text
    form = form_with_file({"brand": "demo", "list": "moved"}, export(), name="account.zip")
    headers = {"Authorization": f"Bearer {stack.api_key}", "Content-Type": FORM_WITH_FILE}
    made = stack.ask("POST", "/api/v1/imports", form, headers)
    assert (made.status, made.json["status"]) == (202, "pending"), made.text

    preview = reached(stack, made.json["id"], "preview")
    assert preview["rows"] == ROWS
    assert preview["rejected"] == {}
    assert whys(preview) == BECOME
    assert preview["preview"]["duplicates"] == ROWS - PEOPLE
    assert stack.subscriber(PROVEN[0]) is None

    ran = stack.api("POST", f"/imports/{made.json['id']}/run", STATEMENT)
    assert ran.status == 202, ran.text
    done = reached(stack, made.json["id"], "done")
    assert (done["status"], whys(done)) == ("ready", BECOME)

    campaign = stack.send_campaign(SUBJECT, "<p>Hello</p>", list="moved")
    progress = stack.finished(campaign)
    assert (progress["planned"], progress["sent"]) == (len(PROVEN), len(PROVEN))
    assert mailed(stack) == sorted(PROVEN)

    assert {each: stack.suppressions(each) for each in (GONE[0], ANGRY[0], LEFT[0])} == {
        GONE[0]: ["bounce"],
        ANGRY[0]: ["complaint"],
        LEFT[0]: [],
    }
    again = stack.ask("POST", "/api/v1/imports", form, headers)
    assert reached(stack, again.json["id"], "done")["same_as"] == made.json["id"]

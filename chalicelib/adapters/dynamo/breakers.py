# SPDX-License-Identifier: Apache-2.0
"""`ports.breakers` on DynamoDB.

Guarantees that a harm is counted once however often it is told: the place joins a set in its
chunk's row in the same transaction that counts it. Rows of the campaigns table:
`BRK#C#<campaign>`/`SUM` (since the last release: less its ``base_…``), `BRK#D#<domain>`/`<day>` for
some days, `BRK`/`STOPS` with two sets of names, and a note a thing in `BRK`/`C#…` and `BRK`/`D#…`.

Source: Amazon DynamoDB API Reference, TransactWriteItems (CancellationReasons in the order of the
actions; a row in another transaction cancels with TransactionConflict).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.breaker_writes import (
    BREAKERS,
    HARMED_AT_ONCE,
    OURS,
    counted_before,
    day_key,
    domain_partition,
    harm_writes,
    summary_key,
    updated,
)
from chalicelib.adapters.dynamo.items import (
    MS_PER_S,
    ROW_VERSION,
    Item,
    conditionally,
    expiry,
    key,
    number,
    number_of,
    of_partition,
    query,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
    wait_ms,
)
from chalicelib.domain.breakers import (
    MAX_STOPS,
    NO_STOPS,
    WINDOW_DAYS,
    Counts,
    Harm,
    Level,
    Note,
    Stops,
    summed,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.stops import StopWhy
from chalicelib.errors import FatalError, Throttled
from chalicelib.ports.breakers import About, Harmed, Tripped
from chalicelib.ports.system import Clock, RandomBytes

STOPS_KEY: Final = key(BREAKERS, "STOPS")
KEEP_DAYS: Final = WINDOW_DAYS + 2
KEEP_WARNING_MS: Final = 7 * DAY_MS
TRIES: Final = 3
"""Of a count that another worker's crossed: the queue would bring the event back in minutes."""

_SET_OF: Final = {About.CAMPAIGN: "campaigns", About.DOMAIN: "domains"}
_MEMBERS: Final = ("delivered", "quiet", "hard", "complained")
_FAILED: Final = "ConditionalCheckFailed"
_UNKNOWN: Final = "what is held is of a version this code does not know"


def stops_of(item: Item) -> Stops:
    """Return what the row of `STOPS_KEY` holds."""
    require_version(item)
    return Stops(
        campaigns=frozenset(map(CampaignId, item.get("campaigns", {}).get("SS", ()))),
        domains=frozenset(item.get("domains", {}).get("SS", ())),
    )


class DynamoBreakerRows:
    """`BreakerRows` on DynamoDB."""

    def __init__(self, campaigns_table: str, *, clock: Clock, random: RandomBytes) -> None:
        self._table = campaigns_table
        self._clock = clock
        self._random = random

    def harm(self, harmed: Sequence[Harmed]) -> frozenset[Harmed]:
        """Count each once, `HARMED_AT_ONCE` in a transaction."""
        distinct: dict[tuple[MailPlace, Harm], Harmed] = {}
        for each in harmed:
            distinct.setdefault((each.mail, each.harm), each)
        left, counted = list(distinct.values()), set[Harmed]()
        while left:
            now, left = left[:HARMED_AT_ONCE], left[HARMED_AT_ONCE:]
            known = self._count(now)
            if known:
                left = [each for each in now if each not in known] + left
            else:
                counted |= set(now)
        return frozenset(counted)

    def _count(self, harmed: Sequence[Harmed]) -> frozenset[Harmed]:
        """Count all in one transaction; or return those counted before, and then count none."""
        expires_ms = self._clock.now_ms() + KEEP_DAYS * DAY_MS
        writes = harm_writes(self._table, harmed, expires_ms)
        failed = self._transact("count what came back", writes)
        return frozenset() if failed is None else counted_before(harmed, failed)

    def deliver(self, campaign: CampaignId, mails: int, quiet: int) -> Counts:
        """Count deliveries of a campaign, and return what `of_campaign` would."""
        return _since_base(self._add(summary_key(campaign), {"delivered": mails, "quiet": quiet}))

    def deliver_to(self, domain: str, day: str, mails: int) -> Counts:
        """Count deliveries to a domain, and return the counts of that day alone."""
        expires_ms = self._clock.now_ms() + KEEP_DAYS * DAY_MS
        return _counts(self._add(day_key(domain, day), {"delivered": mails}, expires_ms))

    def _add(self, row: Item, numbers: Mapping[str, int], expires_ms: int | None = None) -> Item:
        added = {name: value for name, value in numbers.items() if value}
        values = {f":{name}": number(value) for name, value in added.items()}
        kept = "" if expires_ms is None else ", expires_at = :expires"
        if expires_ms is not None:
            values[":expires"] = expiry(expires_ms)
        answer, _ = conditionally(
            "count deliveries",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=row,
            UpdateExpression=f"SET v = :v{kept} ADD "
            + ", ".join(f"#{name} :{name}" for name in added),
            ConditionExpression=OURS,
            ExpressionAttributeNames={f"#{name}": name for name in added},
            ExpressionAttributeValues={":v": number(ROW_VERSION), **values},
            ReturnValues="ALL_NEW",
        )
        if answer is None:
            raise FatalError("a counter of deliveries is of a version this code does not know")
        return dict(answer["Attributes"])

    def of_campaign(self, campaign: CampaignId) -> Counts:
        """Return what was counted since the campaign was last released."""
        item = self._get("read a campaign's counts", summary_key(campaign))
        return Counts() if item is None else _since_base(item)

    def of_domain(self, domain: str, now_ms: int) -> Counts:
        """Return the counts of the days that are judged together now."""
        rows = self._days(domain)
        return summed({require_text(row, "sk"): _counts(row) for row in rows}, now_ms)

    def _days(self, domain: str) -> Iterator[Item]:
        """Yield the rows of the few days kept."""
        return query(
            "read a domain's counts",
            client("dynamodb"),
            TableName=self._table,
            **of_partition(domain_partition(domain)),
            ConsistentRead=True,
        )

    def stops(self) -> Stops:
        """Return what is held."""
        item = self._get("read what is held", STOPS_KEY)
        return NO_STOPS if item is None else stops_of(item)

    def stop(self, about: About, note: Note) -> Tripped:
        """Hold it, and keep the note."""
        held = {"#held": _SET_OF[about]}
        members = _note_members(note)
        names = {f"#{name}": name for name in members}
        writes = (
            updated(
                self._table,
                STOPS_KEY,
                "SET v = :v ADD #held :key",
                f"{OURS} AND (attribute_not_exists(#held) OR size(#held) < :most)",
                held,
                {":key": {"SS": [note.key]}, ":most": number(MAX_STOPS)},
            ),
            updated(
                self._table,
                _note(about, note.key),
                "SET v = :v, "
                + ", ".join(f"#{name} = :{name}" for name in members)
                + " REMOVE expires_at",
                f"{OURS} AND (attribute_not_exists(#level) OR #level <> :level)",
                names,
                {f":{name}": value for name, value in members.items()},
            ),
        )
        failed = self._transact("hold what comes back too often", writes)
        if failed is None:
            return Tripped.NEW
        return Tripped.BEFORE if 1 in failed else Tripped.FULL

    def warn(self, about: About, note: Note) -> None:
        """Keep the note for a week, unless one stands."""
        expires = expiry(note.at_ms + KEEP_WARNING_MS)
        members = {**_note_members(note), "expires_at": expires}
        conditionally(
            "note what comes back often",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=_note(about, note.key),
            UpdateExpression="SET v = :v, " + ", ".join(f"#{name} = :{name}" for name in members),
            ConditionExpression="attribute_not_exists(pk) OR (v = :v AND expires_at <= :now)",
            ExpressionAttributeNames={f"#{name}": name for name in members},
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":now": number(note.at_ms // MS_PER_S),
                **{f":{name}": value for name, value in members.items()},
            },
        )

    def note(self, about: About, key: str, now_ms: int) -> Note | None:
        """Return the note that stands."""
        item = self._get("read a note", _note(about, key))
        return None if item is None else _standing(item, now_ms)

    def domains(self, now_ms: int) -> tuple[Note, ...]:
        """Return the notes that stand about domains, by key."""
        rows = query(
            "list notes about domains",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :about)",
            ExpressionAttributeValues={
                ":pk": text(BREAKERS),
                ":about": text(f"{About.DOMAIN}#"),
            },
            ConsistentRead=True,
        )
        notes = (_standing(row, now_ms) for row in rows)
        return tuple(note for note in notes if note is not None)

    def settle(self, campaign: CampaignId) -> None:
        """Hold a campaign no more, since it is over."""
        writes = (self._let_go(About.CAMPAIGN, campaign),)
        if self._transact("hold a campaign no more", writes) is not None:
            raise FatalError(_UNKNOWN)

    def release(self, about: About, key: str) -> None:
        """Hold it no more, drop its note, and judge it by what is counted from now on."""
        begun = self._base(CampaignId(key)) if about is About.CAMPAIGN else self._days_gone(key)
        gone = {"Delete": {"TableName": self._table, "Key": _note(about, key)}}
        writes = (self._let_go(about, key), gone, *begun)
        if self._transact("release what was held", writes) is not None:
            raise FatalError(_UNKNOWN)

    def _base(self, campaign: CampaignId) -> tuple[dict[str, Any], ...]:
        item = self._get("read a campaign's counts", summary_key(campaign))
        if item is None:
            return ()
        counted = {name: number(number_of(item, name) or 0) for name in _MEMBERS}
        return (
            updated(
                self._table,
                summary_key(campaign),
                "SET " + ", ".join(f"base_{name} = :{name}" for name in counted),
                "v = :v",
                {},
                {f":{name}": value for name, value in counted.items()},
            ),
        )

    def _days_gone(self, domain: str) -> tuple[dict[str, Any], ...]:
        days = (require_text(row, "sk") for row in self._days(domain))
        return tuple(
            {"Delete": {"TableName": self._table, "Key": day_key(domain, day)}} for day in days
        )

    def _let_go(self, about: About, key: str) -> dict[str, Any]:
        return updated(
            self._table,
            STOPS_KEY,
            "SET v = :v DELETE #held :key",
            OURS,
            {"#held": _SET_OF[about]},
            {":key": {"SS": [key]}},
        )

    def _transact(
        self, what: str, writes: Sequence[Mapping[str, Any]]
    ) -> Mapping[int, Item] | None:
        """Write all; or return the rows whose conditions failed, and then nothing is written."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(what, writes)
            except Throttled:
                if attempt == TRIES:
                    raise
                self._clock.sleep_ms(wait_ms(attempt, self._random))
        raise FatalError("a write was neither made nor refused")

    def _once(self, what: str, writes: Sequence[Mapping[str, Any]]) -> Mapping[int, Item] | None:
        from botocore.exceptions import ClientError

        with translated(what):
            try:
                client("dynamodb").transact_write_items(TransactItems=list(writes))
            except ClientError as error:
                reasons = enumerate(error.response.get("CancellationReasons", ()))
                failed = {n: reason for n, reason in reasons if reason.get("Code") == _FAILED}
                if not failed:
                    raise
                rows = {n: reason.get("Item", {}) for n, reason in failed.items()}
                for item in filter(None, rows.values()):
                    require_version(item)
                return rows
        return None

    def _get(self, what: str, row: Item) -> Item | None:
        with translated(what):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=row, ConsistentRead=True
            )
        item: Item | None = answer.get("Item")
        return None if item is None else require_version(item)


def _note(about: About, name: str) -> dict[str, dict[str, str]]:
    return key(BREAKERS, f"{about}#{name}")


def _counts(item: Item, prefix: str = "") -> Counts:
    require_version(item)
    return Counts(**{name: number_of(item, prefix + name) or 0 for name in _MEMBERS})


def _since_base(item: Item) -> Counts:
    return _counts(item) - _counts(item, "base_")


def _note_members(note: Note) -> dict[str, dict[str, str]]:
    counts = note.counts
    members = {
        "level": text(note.level),
        "why": text(note.why),
        "at_ms": number(note.at_ms),
        **{name: number(getattr(counts, name)) for name in _MEMBERS},
    }
    return {**members, "name": text(note.name)} if note.name else members


def _standing(item: Item, now_ms: int) -> Note | None:
    """Return a note, unless its time is over; rows go days after that."""
    require_version(item)
    expires_s = number_of(item, "expires_at")
    if expires_s is not None and expires_s <= now_ms // MS_PER_S:
        return None
    try:
        level, why = Level(require_text(item, "level")), StopWhy(require_text(item, "why"))
    except ValueError:
        raise FatalError("a note is of a kind this code does not know") from None
    return Note(
        key=require_text(item, "sk").partition("#")[2],
        level=level,
        why=why,
        counts=_counts(item),
        at_ms=require_number(item, "at_ms"),
        name=text_of(item, "name") or "",
    )

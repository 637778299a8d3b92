# SPDX-License-Identifier: Apache-2.0
"""Segments asked of people, over the API: counted, sampled, explained.

Guarantees that no person is shown before the ledger says so, and that what is shown of people is
remembered nowhere.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339, unix_ms
from chalicelib.entrypoints.refusals import WrongScope
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.domain.segment_explain import Explained
    from chalicelib.services.segment_counts import Count
    from chalicelib.services.subscribers import Subscriber

YES_NO = {"true": True, "false": False}


@operation(
    "POST",
    "/segments/{segment}/count",
    KeyScope.MARKETING,
    status=202,
    takes="AskedCount",
    gives="SegmentCount",
    location="/segments/{segment}/counts/{id}",
)
def count_segment(call: Call) -> Mapping[str, Any]:
    """Have a segment counted; 429 while four counts run."""
    return _count(call.container.segment_counts.start(call.word("segment"), call.body.get("list")))


@operation(
    "GET",
    "/segments/{segment}/counts/{count}",
    KeyScope.READ,
    gives="SegmentCount",
    queries=("sample",),
)
def get_segment_count(call: Call) -> Mapping[str, Any]:
    """Get a count; `sample=true` names up to 20 of those who match, to keys of marketing."""
    counts = call.container.segment_counts
    asked = YES_NO.get(call.request.query.get("sample", "false"))
    if asked is None:
        raise InputError(code="bad_sample", detail="sample is true or false.")
    if asked and (call.key is None or not call.key.allows(KeyScope.MARKETING)):
        raise WrongScope(KeyScope.MARKETING)
    count = counts.get(call.word("segment"), call.word("count"))
    if not asked or count.matched is None:
        return _count(count)
    return {**_count(count), "sample": [_drawn(one) for one in counts.sample(count)]}


@operation(
    "POST",
    "/segments/{segment}/explain",
    KeyScope.MARKETING,
    KeyScope.COMPLIANCE,
    takes="AskedExplanation",
    gives="SegmentExplanation",
    looks=True,
)
def explain_segment(call: Call) -> Mapping[str, Any]:
    """Say why one person is in a segment or not; it is written down that somebody looked."""
    body, explaining = call.body, call.container.explaining
    at_ms = unix_ms(body["at"], "at") if "at" in body else None
    sid = body["subscriber"] if "subscriber" in body else explaining.by_address(body["email"])
    told = explaining.tell(call.word("segment"), sid, call.key_id, at_ms)
    return {
        "subscriber": told.sid,
        "matches": told.explanation.matches,
        "excluded": told.explanation.excluded,
        "clauses": [_clause(one) for one in told.explanation.clauses],
        "lifecycle": {"stage": told.stage, "activity": told.activity},
    }


OPERATIONS = (count_segment, get_segment_count, explain_segment)


def _count(count: "Count") -> Mapping[str, Any]:
    return {
        "id": count.id,
        "segment": count.segment,
        "version": count.version,
        "list": count.list,
        "status": count.status,
        "at": rfc3339(count.at_ms),
        "considered": count.considered,
        "matched": count.matched,
        "excluded": count.excluded,
        "unreadable": count.unreadable,
        "without_key": count.keyless,
        "sample": None,
    }


def _drawn(subscriber: "Subscriber") -> Mapping[str, Any]:
    return {"id": subscriber.id, "email": subscriber.email}


def _clause(one: "Explained") -> Mapping[str, Any]:
    return {
        "place": one.place,
        "fact": one.fact,
        "op": one.op,
        "asked": one.asked,
        "found": one.found,
        "holds": one.holds,
        "why": one.why,
        "sentence": one.sentence,
    }

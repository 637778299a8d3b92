# SPDX-License-Identifier: Apache-2.0
"""Segments: written, checked, changed and deleted; and each brand's rules of the life cycle.

Guarantees that what is stored asks only for lists, purposes, campaigns and facts there were when it
was written, that no change overwrites one it has not seen, and that a segment somebody still waits
to be sent to is not deleted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from chalicelib.domain import segment_facts
from chalicelib.domain.catalog import Brand
from chalicelib.domain.forms import Field, FieldType, Form
from chalicelib.domain.frozen_segment import FrozenSegment
from chalicelib.domain.ids import BrandId, PurposeId, require_slug
from chalicelib.domain.lifecycle import DEFAULT_RULES, Rules, parse_rules
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_findings import Finding, findings
from chalicelib.domain.segment_terms import FactSpec
from chalicelib.domain.segments import Expression, Known, Segment, SegmentId, dump, parse
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.ports.catalog import Brands, Campaigns, Forms, Lists, Page
from chalicelib.ports.segments import LifecycleStore, SegmentStore
from chalicelib.ports.system import Clock

RESERVED = frozenset({"check", "facts", "new"})
"""What stands where an id of a segment would, in an address of the API or the console."""
MAX_NAMED = 3
"""Campaigns told by name when they stand in the way of a deletion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A segment with what its author should know of it as things are now."""

    segment: Segment
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRules:
    """Rules of the life cycle, with what is worth knowing of them as things are now."""

    rules: Rules
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Today:
    """What warnings of a brand's expressions depend on."""

    declared: Mapping[str, FieldType]
    moment: Moment
    names: Mapping[str, str]

    def warnings(self, parts: Iterable[Expression]) -> tuple[Finding, ...]:
        """Return what is worth knowing of each part, in their order."""
        return tuple(
            finding
            for part in parts
            for finding in findings(part, self.declared, self.moment, self.names)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What can be asked about: every fact, and the choices that the newest form offers for some."""

    specs: tuple[FactSpec, ...]
    choices: Mapping[str, tuple[str, ...]]


class Segments:
    """What a marketer does with segments."""

    def __init__(
        self,
        *,
        segments: SegmentStore,
        lifecycles: LifecycleStore,
        brands: Brands,
        lists: Lists,
        forms: Forms,
        campaigns: Campaigns,
        clock: Clock,
    ) -> None:
        self._segments = segments
        self._lifecycles = lifecycles
        self._brands = brands
        self._lists = lists
        self._forms = forms
        self._campaigns = campaigns
        self._clock = clock

    def create(self, *, segment_id: str, brand_id: str, name: str, where: object) -> Seen:
        """Store a new segment.

        Args:
            where: the expression, as plain JSON data.

        Raises:
            InputError: no such brand, or a bad id or name; `SegmentError` by the places of
                ``where``.
            Conflict: the id is taken.
        """
        brand = self._named_brand(brand_id)
        read = self._read(brand, where)
        if segment_id in RESERVED:
            raise InputError(code="bad_id", detail="This id is an address of ours: take another.")
        if self._segments.get(require_slug(segment_id, "segment")) is not None:
            raise Conflict(
                "There is a segment with this id already. Nothing was changed: take another id."
            )
        now_ms = self._clock.now_ms()
        segment = Segment(
            id=SegmentId(segment_id),
            brand=brand.id,
            name=name,
            where=read,
            source=dump(read),
            version=1,
            created_ms=now_ms,
            changed_ms=now_ms,
        )
        self._segments.create(segment)
        return self._seen((segment,))[0]

    def get(self, segment_id: str) -> Seen:
        """Return a segment or raise `NotFound`."""
        return self._seen((self._segment(segment_id),))[0]

    def page(self, cursor: str | None, limit: int) -> Page[Seen]:
        """Return one page of segments by id."""
        page = self._segments.page(cursor, limit)
        return Page(items=self._seen(page.items), cursor=page.cursor)

    def replace(self, segment_id: str, *, version: int, name: str, where: object) -> Seen:
        """Store a changed segment as the version after ``version``, which is the current one.

        Raises:
            NotFound: there is no such segment.
            InputError: as `create`.
            Conflict: ``version`` is not the current one.
        """
        current = self._segment(segment_id)
        read = self._read(self._brand(current.brand), where)
        if current.version != version:
            raise Conflict(_other_version("segment", current.version))
        changed = replace(
            current,
            name=name,
            where=read,
            source=dump(read),
            version=current.version + 1,
            changed_ms=self._clock.now_ms(),
        )
        self._segments.replace(changed)
        return self._seen((changed,))[0]

    def delete(self, segment_id: str) -> None:
        """Delete a segment. Campaigns that were sent keep what they froze of it.

        Raises:
            NotFound: there is no such segment.
            Conflict: a campaign names it that is neither sent nor cancelled, or it was changed in
                this moment.
        """
        segment = self._segment(segment_id)
        waiting = self._segments.awaited_by(segment.id)
        if waiting:
            named = ", ".join(waiting[:MAX_NAMED]) + (" …" if waiting[MAX_NAMED:] else "")
            raise Conflict(
                f"Campaigns that are neither sent nor cancelled name this segment: {named}. "
                "Nothing was changed."
            )
        self._segments.delete(segment)

    def check(self, brand_id: str, where: object) -> tuple[Finding, ...]:
        """Return what is worth knowing of an expression; nothing is stored.

        Raises:
            InputError: no such brand; `SegmentError` by the places of ``where``.
        """
        brand = self._named_brand(brand_id)
        read = self._read(brand, where)
        return self._today(brand, self.rules(brand.id)).warnings((read,))

    def facts(self, brand_id: str) -> Facts:
        """Return every fact a segment of the brand can ask about, the fields of its forms first.

        Raises:
            InputError: no such brand.
        """
        fields = _newest(self._forms.of_brand(self._named_brand(brand_id).id))
        return Facts(
            specs=segment_facts.facts(_types(fields)),
            choices={
                segment_facts.FIELD + name: tuple(choice.value for choice in field.choices)
                for name, field in fields.items()
                if field.choices
            },
        )

    def named_by(self, brand: BrandId, segment_id: str) -> Segment:
        """Return the segment that a campaign of ``brand`` names.

        Raises:
            InputError: there is none of this id, or it is of another brand.
        """
        segment = self._segments.get(segment_id)
        if segment is None:
            raise InputError(code="unknown_segment", detail="There is no segment with this id.")
        if segment.brand != brand:
            raise InputError(
                code="segment_of_another_brand",
                detail=f"This segment is of the brand {segment.brand}, the list of {brand}.",
            )
        return segment

    def frozen(self, segment_id: str, at_ms: int | None = None) -> FrozenSegment:
        """Return a segment as it is now, with its brand's rules, to be asked of people.

        Args:
            at_ms: the moment for which relative times are taken; now when it is None.

        Raises:
            NotFound: there is no such segment.
        """
        segment = self._segment(segment_id)
        brand = self._brand(segment.brand)
        now_ms = self._clock.now_ms() if at_ms is None else at_ms
        return FrozenSegment.of(segment, self.rules(brand.id), brand, now_ms)

    def require_list(self, brand: BrandId, list_id: str) -> None:
        """Refuse a list that is not one of ``brand``.

        Raises:
            InputError: there is none of this id, or it is of another brand.
        """
        found = self._lists.get(list_id)
        if found is None or found.brand != brand:
            raise InputError(code="unknown_list", detail=f"{brand} has no list with this id.")

    def rules(self, brand_id: str) -> Rules:
        """Return the rules a brand goes by: its own, or the default of version 0."""
        return self._lifecycles.get(brand_id) or DEFAULT_RULES

    def lifecycle(self, brand_id: str) -> SeenRules:
        """Return a brand's rules with what is worth knowing of them.

        Raises:
            NotFound: there is no such brand.
        """
        return self._seen_rules(self._brand(brand_id), self.rules(brand_id))

    def change_lifecycle(self, brand_id: str, document: object) -> SeenRules:
        """Store a brand's rules as the version after the one that ``document`` names.

        Raises:
            NotFound: there is no such brand.
            SegmentError: by the places of the document.
            Conflict: its version is not the current one.
        """
        brand = self._brand(brand_id)
        forms = self._forms.of_brand(brand.id)
        read = parse_rules(document, _types(_newest(forms)), self._known(brand, forms))
        current = self.rules(brand.id)
        if current.version != read.version:
            raise Conflict(_other_version("life cycle's rules", current.version))
        changed = replace(read, version=read.version + 1)
        self._lifecycles.put(brand.id, changed)
        return self._seen_rules(brand, changed)

    def _segment(self, segment_id: str) -> Segment:
        segment = self._segments.get(segment_id)
        if segment is None:
            raise NotFound("There is no such segment.")
        return segment

    def _brand(self, brand_id: str) -> Brand:
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("There is no such brand.")
        return brand

    def _named_brand(self, brand_id: str) -> Brand:
        """The brand that a body or a query names."""
        try:
            return self._brand(require_slug(brand_id, "brand"))
        except (InputError, NotFound):
            raise InputError(
                code="unknown_brand", detail="There is no brand with this id."
            ) from None

    def _read(self, brand: Brand, where: object) -> Expression:
        forms = self._forms.of_brand(brand.id)
        return parse(where, _types(_newest(forms)), self._known(brand, forms))

    def _known(self, brand: Brand, forms: tuple[Form, ...]) -> Known:
        return Known(
            lists=frozenset(each.id for each in self._lists.of_brand(brand.id)),
            # Without a form nobody was asked yet; its segments may be written first.
            purposes=_AskedPurposes(forms, self._forms) if forms else None,
            campaigns=_CampaignsOf(brand.id, self._campaigns),
        )

    def _seen(self, segments: Iterable[Segment]) -> tuple[Seen, ...]:
        known: dict[BrandId, _Today] = {}
        seen = []
        for segment in segments:
            if segment.brand not in known:
                brand = self._brand(segment.brand)
                known[brand.id] = self._today(brand, self.rules(brand.id))
            warnings = known[segment.brand].warnings((segment.where,))
            seen.append(Seen(segment=segment, warnings=warnings))
        return tuple(seen)

    def _seen_rules(self, brand: Brand, rules: Rules) -> SeenRules:
        asked = (rule.where for rule in (*rules.stages, *rules.activities))
        parts = [where for where in asked if where is not None]
        return SeenRules(rules=rules, warnings=self._today(brand, rules).warnings(parts))

    def _today(self, brand: Brand, rules: Rules) -> _Today:
        return _Today(
            declared=_types(_newest(self._forms.of_brand(brand.id))),
            moment=Moment(now_ms=self._clock.now_ms(), zone=brand.zone),
            names=rules.names,
        )


def _other_version(noun: str, current: int) -> str:
    return (
        f"The current version of this {noun} is {current}. Nothing was changed: look at it again."
    )


def _newest(forms: Iterable[Form]) -> dict[str, Field]:
    """Every field of a brand's forms by name; of several the one that was published last."""
    ordered = sorted(forms, key=lambda form: (_published_ms(form), form.id))
    return {field.name: field for form in ordered for field in form.fields}


def _published_ms(form: Form) -> int:
    return max((notice.published_ms for notice in form.notices), default=0)


def _types(fields: Mapping[str, Field]) -> dict[str, FieldType]:
    return {name: field.type for name, field in fields.items()}


class _AskedPurposes:
    """The purposes that any version of a brand's forms ever asked for.

    An earlier version is read only for a purpose that the current ones lack: consents that were
    given to it may stand.
    """

    def __init__(self, forms: tuple[Form, ...], store: Forms) -> None:
        self._forms = forms
        self._store = store
        self._current = _purposes(forms)
        self._earlier: frozenset[PurposeId] | None = None

    def __contains__(self, purpose: object) -> bool:
        if purpose in self._current:
            return True
        if self._earlier is None:
            self._earlier = _purposes(
                found
                for form in self._forms
                for version in range(1, form.version)
                if (found := self._store.get(form.id, version)) is not None
            )
        return purpose in self._earlier


def _purposes(forms: Iterable[Form]) -> frozenset[PurposeId]:
    return frozenset(box.purpose for form in forms for box in form.boxes)


class _CampaignsOf:
    """The ids of a brand's campaigns, each looked for when it is asked about."""

    def __init__(self, brand: BrandId, store: Campaigns) -> None:
        self._brand = brand
        self._store = store
        self._answers: dict[str, bool] = {}

    def __contains__(self, campaign_id: object) -> bool:
        named = str(campaign_id)
        if named not in self._answers:
            found = self._store.get(named)
            self._answers[named] = found is not None and found.brand == self._brand
        return self._answers[named]

# SPDX-License-Identifier: Apache-2.0
"""Freezing what a campaign says and whom it is for, each under its own hash.

Guarantees that the content names its segment by the hash of the very definition the campaign's test
was made with, and that both are stored before their hash is given to anybody. Refuses content with
an error in it, and a segment that is gone or was changed since the test.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.campaign_fingerprint import fingerprint
from chalicelib.domain.campaigns import Campaign, Content
from chalicelib.domain.catalog import Brand
from chalicelib.domain.content import refuse_errors
from chalicelib.domain.content_document import Aim, FrozenContent, dump_content, frozen
from chalicelib.domain.frozen_segment import FrozenSegment, SegmentReference, dump_frozen
from chalicelib.domain.lifecycle import DEFAULT_RULES
from chalicelib.domain.segments import Segment
from chalicelib.errors import InputError, NotTested
from chalicelib.ports.content import ContentCompiler
from chalicelib.ports.outside import Blobs
from chalicelib.ports.segments import LifecycleStore, SegmentStore
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.frozen_contents import content_key, segment_key

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A content that is stored by its hash, hex SHA-256."""

    sha256: str
    content: FrozenContent


class Freezer:
    """Freezes campaigns."""

    def __init__(
        self,
        *,
        compiler: ContentCompiler,
        fields: DeclaredFields,
        segments: SegmentStore,
        lifecycles: LifecycleStore,
        blobs: Blobs,
    ) -> None:
        self._compiler = compiler
        self._fields = fields
        self._segments = segments
        self._lifecycles = lifecycles
        self._blobs = blobs

    def as_tested(self, campaign: Campaign, content: Content, brand: Brand, now_ms: int) -> Frozen:
        """Freeze a campaign for its start.

        Args:
            now_ms: the start, Unix milliseconds: people are judged as they are then.

        Raises:
            NotTested: its segment is gone, or another than it was tested with.
            InputError: the content cannot be sent.
            DependencyError: try again.
        """
        segment = self._segments.get(campaign.segment) if campaign.segment else None
        source = None if segment is None else segment.source
        gone = campaign.segment is not None and segment is None
        if gone or campaign.tested_fingerprint != fingerprint(campaign, brand, source):
            raise NotTested
        return self._frozen(campaign, content, brand, segment, now_ms)

    def as_it_is(self, campaign: Campaign, content: Content, brand: Brand, now_ms: int) -> Frozen:
        """Freeze a campaign for a look at it, tested or not.

        Raises:
            InputError: its segment is gone, or the content cannot be sent.
            DependencyError: try again.
        """
        segment = self._segments.get(campaign.segment) if campaign.segment else None
        if campaign.segment is not None and segment is None:
            raise InputError(
                code="unknown_segment",
                detail="The segment of this campaign is gone. Choose another, or the whole list.",
            )
        return self._frozen(campaign, content, brand, segment, now_ms)

    def _frozen(
        self,
        campaign: Campaign,
        content: Content,
        brand: Brand,
        segment: Segment | None,
        now_ms: int,
    ) -> Frozen:
        fields = self._fields.of(brand.id)
        compiled = self._compiler.compile(content, brand, brand.default_language, fields=fields)
        refuse_errors(compiled.findings, content.kind)
        aim = Aim(
            list=campaign.list,
            purpose=campaign.purpose,
            minimum_grade=campaign.minimum_grade,
            segment=None if segment is None else self._aimed(segment, brand, now_ms),
        )
        document = frozen(compiled, content.kind, content.html, aim, fields)
        data = dump_content(document)
        sha256 = hashlib.sha256(data).hexdigest()
        self._blobs.put_new(content_key(sha256), data, JSON)
        return Frozen(sha256=sha256, content=document)

    def _aimed(self, segment: Segment, brand: Brand, now_ms: int) -> Mapping[str, object]:
        """Store the segment as it is, and return what names it."""
        rules = self._lifecycles.get(brand.id) or DEFAULT_RULES
        held = FrozenSegment.of(segment, rules, brand, now_ms)
        document = dump_frozen(held)
        reference = SegmentReference.to(held, document)
        self._blobs.put_new(segment_key(reference.sha256), document, JSON)
        return reference.stored()

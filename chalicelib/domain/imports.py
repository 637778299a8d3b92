# SPDX-License-Identifier: Apache-2.0
"""One import from its first byte to its last row: stages, what was asked, what was found.

Guarantees that every pair of a stage and what happens has one answer, that an import which ended
never moves again and has no key, and that nothing here is about a person. Refuses, by
`IllegalTransition`, whatever the table does not allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId
from chalicelib.domain.import_found import LaneSize, ReadFile
from chalicelib.domain.import_statement import Basis, Document
from chalicelib.domain.import_values import UTC_ZONE, Clock, Dates
from chalicelib.domain.import_verdicts import Terms
from chalicelib.domain.state import ConsentKey, Scope, consent_keys
from chalicelib.errors import IllegalTransition, StateError

ImportId = NewType("ImportId", str)

LANES: Final = tuple(f"{number:02d}" for number in range(64))
"""Parts of an import that go on side by side; one person is always in one of them."""
CHUNK_ROWS: Final = 500
"""Rows in one chunk of a lane, at most."""
CHUNK_BYTES: Final = 256 * 1024
"""About how many bytes the rows of a chunk have together, at most."""
CHANNEL: Final = "email"
KEEP_MS: Final = 5 * DAY_MS
"""How long an import may take from its beginning; the bucket destroys its files a day later."""


class Stage(StrEnum):
    """Where an import is."""

    UPLOADING = "uploading"
    READING = "reading"
    CHECKING = "checking"
    PREVIEW = "preview"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({Stage.DONE, Stage.FAILED, Stage.CANCELLED})
"""Nothing happens to it any more, and its files are destroyed."""


class Happening(StrEnum):
    """What may happen to an import."""

    UPLOADED = "uploaded"
    """The last part is there."""
    READ = "read"
    """Every row lies in its lane."""
    KNOWN = "known"
    """The same file was imported before, in the same way."""
    CHECKED = "checked"
    """The last lane has its verdicts."""
    REREAD = "reread"
    """Somebody said otherwise what the columns or times mean."""
    REJUDGED = "rejudged"
    """Basis, country or documents changed; the rows stay as they were read."""
    RUN = "run"
    """Somebody answered for it."""
    RAN = "ran"
    """The last row of the last lane is written."""
    FAIL = "fail"
    CANCEL = "cancel"


_TO: Final[Mapping[Stage, Mapping[Happening, Stage]]] = MappingProxyType(
    {
        Stage.UPLOADING: {
            Happening.UPLOADED: Stage.READING,
            Happening.REREAD: Stage.UPLOADING,
            Happening.REJUDGED: Stage.UPLOADING,
        },
        Stage.READING: {Happening.READ: Stage.CHECKING, Happening.KNOWN: Stage.DONE},
        Stage.CHECKING: {
            Happening.CHECKED: Stage.PREVIEW,
            Happening.REREAD: Stage.READING,
            Happening.REJUDGED: Stage.CHECKING,
        },
        Stage.PREVIEW: {
            Happening.REREAD: Stage.READING,
            Happening.REJUDGED: Stage.CHECKING,
            Happening.RUN: Stage.RUNNING,
        },
        Stage.RUNNING: {Happening.RAN: Stage.DONE},
        Stage.DONE: {},
        Stage.FAILED: {},
        Stage.CANCELLED: {},
    }
)
_ANYTIME: Final = {Happening.FAIL: Stage.FAILED, Happening.CANCEL: Stage.CANCELLED}
TRANSITIONS: Final[Mapping[tuple[Stage, Happening], Stage | None]] = MappingProxyType(
    {
        (stage, happening): None
        if stage in ENDED
        else _ANYTIME.get(happening) or _TO[stage].get(happening)
        for stage in Stage
        for happening in Happening
    }
)
"""Every pair; None is refused."""

_REFUSALS: Final = {
    Stage.UPLOADING: "The file of this import is not whole yet. Send what is missing first.",
    Stage.READING: "This import is being read. Please try again when its preview is there.",
    Stage.CHECKING: "This import is being checked. Please try again when its preview is there.",
    Stage.PREVIEW: "This import waits for your decision on its preview.",
    Stage.RUNNING: "This import is running. It can only be stopped.",
    Stage.DONE: "This import is done. Nothing of it changes any more.",
    Stage.FAILED: "This import ended without being finished. Please begin a new one.",
    Stage.CANCELLED: "This import was cancelled. Please begin a new one.",
}


def after(stage: Stage, happening: Happening) -> Stage:
    """Return the stage an import is in after something happened in ``stage``.

    Raises:
        IllegalTransition: that cannot happen there; the sentence says why.
    """
    reached = TRANSITIONS[stage, happening]
    if reached is None:
        raise IllegalTransition(_REFUSALS[stage])
    return reached


class Mode(StrEnum):
    """What is taken of the file."""

    IMPORT = "import"
    CUT_OVER = "cut-over"
    """Only who left, bounced or complained at the earlier tool, which still sends."""


class OptOuts(StrEnum):
    """What an opt-out of the file ends."""

    BRAND = "brand"
    LIST = "list"


class Problem(StrEnum):
    """Why an import failed; part of the API."""

    FILE = "file"
    ERASURE = "erasure"
    TOO_OLD = "too_old"
    TOO_LONG = "too_long"
    PARTS_GONE = "parts_gone"
    OTHER_FILE = "other_file"


SENTENCES: Final[Mapping[Problem, str]] = MappingProxyType(
    {
        Problem.FILE: "The file cannot be imported.",
        Problem.ERASURE: "Somebody was erased since this import began, and every uploaded file"
        " goes with an erasure. Please upload it again: what is done already is passed over.",
        Problem.TOO_OLD: "This import was begun more than five days ago, so its file is gone."
        " Please upload it again: what is done already is passed over.",
        Problem.TOO_LONG: "The file has more rows than can be read at once. Please split it.",
        Problem.PARTS_GONE: "A part of the file is missing. Please upload it again.",
        Problem.OTHER_FILE: "What arrived is not the file whose SHA-256 was stated. Please upload"
        " it again.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an import failed.

    Attributes:
        code: of a file that was refused (`import_limits.Refusal` and others), else "".
        detail: a sentence for the person who asked; it names nobody.
    """

    problem: Problem
    code: str = ""
    detail: str = ""

    @property
    def sentence(self) -> str:
        """What is said."""
        return self.detail or SENTENCES[self.problem]


class Halted(StateError):  # noqa: N818  # named as its stage
    """The import must not go on: end it with ``failure``. What was written stays written."""

    def __init__(self, problem: Problem) -> None:
        """Say why."""
        super().__init__(SENTENCES[problem])
        self.failure = Failure(problem=problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the rows of the file become, and of what; it never changes.

    Attributes:
        again: do it even where the same file was imported before.
    """

    brand: BrandId
    list: ListId
    purposes: tuple[PurposeId, ...] = ()
    mode: Mode = Mode.IMPORT
    opt_outs: OptOuts = OptOuts.BRAND
    again: bool = False

    @property
    def scope(self) -> Scope:
        """Its brand over the channel of mail."""
        return Scope(self.brand, CHANNEL)

    @property
    def wanted(self) -> tuple[ConsentKey, ...]:
        """The consents it would give."""
        return consent_keys(self.scope, (self.list,), self.purposes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAs:
    """How the file is read.

    Attributes:
        zone: IANA name for times that name none; `import_values.UTC_ZONE` for UTC.
        dates: the order of day and month, where somebody said it.
        columns: header → field as somebody chose; "" leaves a column out.
        keep: headers of further columns that are kept as attributes.
    """

    zone: str = UTC_ZONE
    dates: Dates | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """On what the verdicts rest, beside the country table.

    Attributes:
        objection_at_ms: soft opt-in only: since when every sale offered the objection, Unix ms.
        country: ISO code for rows that name none, or "".
        rules: SHA-256 (hex) of the country table; "" before the first check.
        at_ms: when the check began, Unix ms; preview and run judge by this moment alike.
    """

    basis: Basis = Basis.CONSENT
    objection_at_ms: int | None = None
    country: str = ""
    documents: tuple[Document, ...] = ()
    rules: str = ""
    at_ms: int = 0

    @property
    def terms(self) -> Terms:
        """As `import_verdicts.why` takes them."""
        return Terms(
            basis=self.basis,
            documents=frozenset(document.kind for document in self.documents),
            now_ms=self.at_ms,
            objection_at_ms=self.objection_at_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import.

    Attributes:
        key: the import's own, wrapped; every object of it is sealed with it. None once it ended.
        fence: where the fence of erasures stood before the first part was taken.
        parts: of the file, once all are there.
        stated_mac: keyed MAC of the SHA-256 that somebody stated for the file, or "".
        attempt: times reading was begun; each has a folder of its own.
        checks: times checking was begun; each has lanes of its own.
        statement: SHA-256 (hex) of the statement, and the event that commits to it.
        same_as: the earlier import of the same file.
        at_ms: when it came to its stage, Unix ms.
    """

    id: ImportId
    target: Target
    created_ms: int
    created_by: str
    read_as: ReadAs = ReadAs()
    judged_by: JudgedBy = JudgedBy()
    stage: Stage = Stage.UPLOADING
    at_ms: int = 0
    revision: int = 0
    key: bytes | None = field(default=None, repr=False)
    fence: str = ""
    parts: int = 0
    stated_mac: str = ""
    attempt: int = 0
    checks: int = 0
    file: ReadFile | None = None
    statement: str = ""
    batch: EventId | None = None
    same_as: ImportId | None = None
    failure: Failure | None = None

    def moved(self, happening: Happening, now_ms: int) -> "Import":
        """Return it after something happened; what ended has no key.

        Raises:
            IllegalTransition: that cannot happen now.
        """
        stage = after(self.stage, happening)
        return replace(self, stage=stage, at_ms=now_ms, key=None if stage in ENDED else self.key)

    @property
    def has_ended(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.stage in ENDED

    @property
    def clock(self) -> Clock:
        """How its times are read; the same in every attempt."""
        return Clock(zone=self.read_as.zone, dates=self.read_as.dates, now_ms=self.created_ms)

    @property
    def check_round(self) -> str:
        """Name of the lanes of the present check."""
        return f"c{self.checks}"

    @property
    def sizes(self) -> Mapping[str, LaneSize]:
        """Of every lane, empty ones too."""
        found = self.file.lanes if self.file else {}
        return {lane: found.get(lane, LaneSize()) for lane in LANES}


RUN_ROUND: Final = "r"
"""Name of the lanes of the run: there is one."""


def step_lane(round_name: str, lane: str) -> str:
    """Return the name under which `ports.ledger_groups.Step` and `Lane` know a lane of a round.

    Example:
        >>> step_lane("c1", "17")
        'c1-17'
    """
    return f"{round_name}-{lane}"

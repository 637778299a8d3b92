# SPDX-License-Identifier: Apache-2.0
"""The schemas of imports: what is asked for, how far it is, whom it is about, and the rules.

Guarantees what `schemas` does. Sources that are refused can be named, so that the refusal says why.
"""

from typing import Final

from chalicelib.domain.country_rules import MAX_SILENT_DAYS, MAX_WHY_CHARS
from chalicelib.domain.import_formats import Field, Format
from chalicelib.domain.import_limits import MAX_COLUMNS, MAX_HEADER_CHARS, MAX_PARTS
from chalicelib.domain.import_statement import (
    MAX_DETAIL_CHARS,
    MAX_DOCUMENT_BYTES,
    MAX_NAME_CHARS,
    Basis,
    DocumentKind,
    Source,
)
from chalicelib.domain.import_values import Dates
from chalicelib.domain.import_verdicts import Why
from chalicelib.domain.imports import Mode, OptOuts, Stage
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.state import Grade
from chalicelib.entrypoints.api.shapes import (
    BOOLEAN,
    COUNT,
    ID,
    MAYBE,
    MAYBE_TIME,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    listed,
    one_of,
    page_of,
    ref,
    shown,
    whole,
)

MAX_RULES: Final = 300
FORM_FILE: Final[Schema] = {
    "type": "string",
    "format": "binary",
    "description": "The file: a CSV, or a ZIP of CSVs, of at most 4 MiB.",
}
COUNTRY: Final[Schema] = {
    "type": "string",
    "pattern": whole("[A-Z]{2}"),
    "description": "ISO 3166-1: of the rows that name none.",
}
_ZONE: Final[Schema] = {
    "type": "string",
    "pattern": whole("[A-Za-z0-9_+/-]{1,64}"),
    "description": "Of times that name none; the brand's unless said.",
}
_MODE: Final[Schema] = one_of(Mode, "`cut-over` takes opt-outs, bounces and complaints alone.")
_OPT_OUTS: Final[Schema] = one_of(
    OptOuts, "What an opt-out of the file ends; as the brand's unsubscribes unless said."
)
_DATES: Final[Schema] = one_of(Dates, "Which comes first in a date such as 03-04-2025.")
_SHA256: Final[Schema] = {"type": "string", "pattern": whole("[0-9a-f]{64}")}
_HEADER: Final[Schema] = line(MAX_HEADER_CHARS)
_FIELDS: Final = ("", *(str(field) for field in Field))
_COLUMNS: Final[Schema] = {
    "type": "object",
    "propertyNames": _HEADER,
    "additionalProperties": {"type": "string", "enum": list(_FIELDS)},
    "maxProperties": MAX_COLUMNS,
    "description": "Name of a column → what it is for; empty leaves it out.",
}
_KEPT: Final[Schema] = {
    **listed(_HEADER, 0, MAX_COLUMNS),
    "description": "Names of further columns that are kept as attributes.",
}
_ASKED: Final[Schema] = {
    "brand": SLUG,
    "list": SLUG,
    "mode": _MODE,
    "opt_outs": _OPT_OUTS,
    "zone": _ZONE,
    "dates": _DATES,
    "country": COUNTRY,
}
_MAYBE_ASKED: Final = ("mode", "opt_outs", "zone", "dates", "country")
_BASIS: Final[Schema] = one_of(Basis, "On what mail shall rest; `consent` unless said.")
_OFFERED: Final[Schema] = {
    **TIME,
    "description": "Soft opt-in: since when every sale offered the objection.",
}
_SOURCE: Final[Schema] = one_of(
    Source, "Bought, exchanged, rented, scraped lists and public directories are refused."
)
_DAYS: Final[Schema] = {
    "type": ["integer", "null"],
    "minimum": 1,
    "maximum": MAX_SILENT_DAYS,
    "description": "Who did nothing for longer waits; null: nobody asks.",
}
_GRADE: Final[Schema] = one_of(Grade, "The weakest claimed evidence of a consent that is enough.")
_LAND: Final[Schema] = {
    "type": "string",
    "pattern": whole(r"([A-Z]{2}|\*)"),
    "description": "ISO 3166-1, or `*`: every country without a rule of its own.",
}
_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": COUNT}
_COUNTRY_COUNTS: Final[Schema] = shown(
    {
        "country": {**_LAND, "description": "ISO 3166-1, or `*`: no country with a rule."},
        "mail": COUNT,
        "wait": COUNT,
        "never": COUNT,
        "why": {
            **_COUNTS,
            "description": " ".join(f"`{why}`: {why.sentence}" for why in Why),
        },
    }
)
_IMPORT: Final[Schema] = {
    "id": ID,
    "status": one_of(JobStatus),
    "stage": one_of(Stage),
    "problem": {**MAYBE, "description": "A sentence: why it failed, and what to do."},
    "problem_code": MAYBE,
    "brand": SLUG,
    "list": SLUG,
    "purposes": {"type": "array", "items": SLUG},
    "mode": _MODE,
    "opt_outs": _OPT_OUTS,
    "basis": _BASIS,
    "objection_at": MAYBE_TIME,
    "country": MAYBE,
    "zone": {"type": "string"},
    "dates": MAYBE,
    "tables": {
        "type": "array",
        "description": "Tables found in the file, by their columns.",
        "items": shown(
            {
                "format": one_of(Format),
                "columns": {
                    "type": "array",
                    "items": shown(
                        {
                            "header": {"type": "string"},
                            "as": {"type": "string", "description": "Empty: left out."},
                        }
                    ),
                },
                "encoding": {"type": "string"},
                "count": COUNT,
            }
        ),
    },
    "documents": {"type": "array", "items": ref("ImportDocument")},
    "rows": {"type": ["integer", "null"], "minimum": 0, "description": "Null until it is read."},
    "asks": {
        "type": "array",
        "items": {"type": "string"},
        "description": "`dates`: times could not be read; say which comes first in the mapping.",
    },
    "rejected": {**_COUNTS, "description": "Rows that cannot be used, by why."},
    "notes": {**_COUNTS, "description": "What was left out of rows that are used."},
    "same_as": {
        **MAYBE,
        "description": "The earlier import of the same file: this one did nothing.",
    },
    "created_at": TIME,
    "stage_since": TIME,
}

IMPORT_SCHEMAS: Final[dict[str, Schema]] = {
    "NewImport": closed(
        {
            **_ASKED,
            "purposes": listed(SLUG, 1, 10),
            "basis": _BASIS,
            "objection_at": _OFFERED,
            "columns": _COLUMNS,
            "keep": _KEPT,
            "again": {**BOOLEAN, "description": "Also where this file was imported before."},
        },
        *(*_MAYBE_ASKED, "purposes", "basis", "objection_at", "columns", "keep", "again"),
    ),
    "ImportUpload": closed(
        {"file": FORM_FILE, **_ASKED, "basis": _BASIS, "objection_at": _OFFERED},
        *(*_MAYBE_ASKED, "basis", "objection_at"),
    ),
    "UploadedParts": closed(
        {
            "parts": {"type": "integer", "minimum": 1, "maximum": MAX_PARTS},
            "sha256": {**_SHA256, "description": "Of the whole file; it is compared."},
        },
        "sha256",
    ),
    "ImportMapping": {
        **closed(
            {
                "columns": _COLUMNS,
                "keep": _KEPT,
                "zone": _ZONE,
                "dates": _DATES,
                "country": COUNTRY,
                "basis": _BASIS,
                "objection_at": _OFFERED,
            },
            *("columns", "keep", "zone", "dates", "country", "basis", "objection_at"),
        ),
        "minProperties": 1,
    },
    "ImportDocument": shown(
        {
            "kind": one_of(DocumentKind),
            "sha256": _SHA256,
            "bytes": {"type": "integer", "minimum": 1, "maximum": MAX_DOCUMENT_BYTES},
        }
    ),
    "ImportStatement": {"oneOf": [ref("NewStatement"), ref("CutOverStatement")]},
    "CutOverStatement": closed(
        {"confirmed": {**BOOLEAN, "description": "All that opt-outs alone need."}}
    ),
    "CutOver": shown(
        {
            "brand": SLUG,
            "list": SLUG,
            "last_import": ID,
            "last_at": TIME,
            "ended_at": MAYBE_TIME,
        }
    ),
    "NewStatement": closed(
        {
            "source": _SOURCE,
            "source_detail": line(MAX_DETAIL_CHARS),
            "basis": _BASIS,
            "objection_how": line(MAX_DETAIL_CHARS),
            "objection_at": _OFFERED,
            "name": line(MAX_NAME_CHARS),
            "position": line(MAX_NAME_CHARS),
            "country": COUNTRY,
            "confirmed": {**BOOLEAN, "description": "That all of it is true; must be true."},
        },
        *("source_detail", "objection_how", "objection_at", "country"),
    ),
    "Import": shown(_IMPORT),
    "ImportPage": page_of("Import"),
    "ImportSeen": shown(
        {
            **_IMPORT,
            "progress": {
                **shown({"rows": COUNT, "of": COUNT}),
                "description": "Of checking or running, whichever it is at.",
            },
            "preview": {
                "description": "Of the check, and of the run once it began; null before.",
                "oneOf": [
                    {"type": "null"},
                    shown(
                        {
                            "written": {**BOOLEAN, "description": "Of the run, not the check."},
                            "countries": {"type": "array", "items": _COUNTRY_COUNTS},
                            "duplicates": COUNT,
                            "passed_over": COUNT,
                            "alike": {
                                **COUNT,
                                "description": "People whose mailbox is probably that of another.",
                            },
                        }
                    ),
                ],
            },
            "form_link": {**MAYBE, "description": "Where who must wait can say yes themselves."},
        }
    ),
    "ImportRule": closed(
        {
            "country": _LAND,
            "consent_grade": _GRADE,
            "soft_opt_in": {**BOOLEAN, "description": "Whether a sale can be a basis at all."},
            "silent_days": _DAYS,
            "why": {
                **line(MAX_WHY_CHARS),
                "description": "Yours; needed where a rule is looser than the shipped one.",
            },
        },
        "why",
    ),
    "ChangedImportRules": closed(
        {
            "version": {**COUNT, "description": "The current one; 0 is the shipped table."},
            "rules": {
                "type": "array",
                "items": ref("ImportRule"),
                "maxItems": MAX_RULES,
                "description": "A country left out has its shipped rule, or that of `*`.",
            },
        }
    ),
    "ImportRules": shown(
        {
            "version": COUNT,
            "rules": {
                "type": "array",
                "items": shown(
                    {
                        "country": _LAND,
                        "consent_grade": _GRADE,
                        "soft_opt_in": BOOLEAN,
                        "silent_days": _DAYS,
                        "why": {"type": "string"},
                        "is_shipped": BOOLEAN,
                    }
                ),
            },
        }
    ),
}

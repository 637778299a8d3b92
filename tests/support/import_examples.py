# SPDX-License-Identifier: Apache-2.0
"""What the pages of imports are filled with, for tests that look at them."""

from typing import Any

from chalicelib.domain.country_rules import SHIPPED
from chalicelib.domain.import_formats import Field, Format
from chalicelib.domain.import_found import ReadFile, TableSeen
from chalicelib.domain.import_statement import Document, DocumentKind, Source
from chalicelib.domain.imports import Import, ImportId, JudgedBy, Stage, Target
from chalicelib.entrypoints.imports_console_forms import NEW_FIELDS, STATED, Fault
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST

PEOPLE = {"mail": 1_812, "wait": 40, "never": 97}


def record() -> Import:
    """An import whose preview waits, with a document."""
    table = TableSeen(
        format=Format.PLAIN, headers=("E-mail", "Colour"), fields=("email", ""), count=2
    )
    document = Document(kind=DocumentKind.WORDING, sha256="0" * 64, size=9)
    return Import(
        id=ImportId("A" * 22),
        target=Target(brand=DEMO_BRAND.id, list=DEMO_LIST.id),
        created_ms=0,
        created_by="B" * 22,
        stage=Stage.PREVIEW,
        judged_by=JudgedBy(documents=(document,)),
        file=ReadFile(mac="m", tables=(table,), counts={"rows": 1_951}),
    )


def import_page_data(**other: Any) -> dict[str, Any]:
    """The page of an import whose preview waits for somebody."""
    seen = {
        **PEOPLE,
        "countries": [
            {
                "country": "SE",
                **PEOPLE,
                "why": [("mail", [("consent", 1_812)]), ("never", [("opted-out", 97)])],
                "reason": SHIPPED["SE"].reason("en"),
            }
        ],
        "rejected": 2,
        "rejected_by": [("malformed_address", 2)],
        "notes": [("unreadable-time", 3)],
        "duplicates": 1,
        "passed_over": 1,
        "alike": 2,
    }
    return {
        "record": record(),
        "brand_name": DEMO_BRAND.name,
        "list_name": DEMO_LIST.name,
        "zone": "Europe/Stockholm",
        "moves": False,
        "progress": None,
        "seen": seen,
        "place": ("", ""),
        "asks": ("dates",),
        "form_link": None,
        "number": str,
        "faults": (Fault(code="nobody", field="name"),),
        "done": "",
        "is_whole": True,
        "columns": [("E-mail", "email"), ("Colour", "")],
        "fields": ("", *(str(field) for field in Field)),
        "kinds": list(DocumentKind),
        "sources": list(Source),
        "given": dict.fromkeys(("country", "zone", "dates", *STATED), ""),
        "part_bytes": 4,
        "most_bytes": 8,
        **other,
    }


def import_pages(language: str) -> dict[str, dict[str, Any]]:
    """The pages of imports, each in the state that holds most without a script."""
    row = {
        "id": "A" * 22,
        "list_name": DEMO_LIST.name,
        "mode": "import",
        "stage": "preview",
        "rows": 1_951,
        "created_ms": 0,
    }
    moving = {"list": DEMO_LIST.id, "list_name": DEMO_LIST.name, "last": "A" * 22, "last_ms": 0}
    rule = {
        "country": "AT",
        "grade": "B",
        "soft": True,
        "silent": 730,
        "why": SHIPPED["DE"].reason(language),
        "is_shipped": False,
    }
    return {
        "imports": {
            "imports": [row],
            "moving": [moving],
            "brands": [DEMO_BRAND],
            "number": str,
            "cursor": "next",
            "is_first": False,
            "done": "moved",
        },
        "import": import_page_data(),
        # Its script stands there with its form; without a list there is neither.
        "import_new": {
            "given": dict.fromkeys(NEW_FIELDS, ""),
            "lists": [],
            "today": "2026-11-23",
            "faults": (),
            "part_bytes": 4,
            "most_bytes": 8,
        },
        "import_rules": {
            "brand": DEMO_BRAND,
            "version": 1,
            "rules": [rule, rule | {"country": "*", "silent": None, "is_shipped": True}],
            "number": str,
            "given": dict.fromkeys(("country", "grade", "soft", "silent", "why"), ""),
            "faults": (Fault(code="no_reason", field="why"),),
            "done": "saved",
        },
    }

# SPDX-License-Identifier: Apache-2.0
"""A check of our own for schemathesis: why data that fit the schema may be refused.

Whether a list exists, an address can be written to or an Idempotency-Key is fresh depends on what
is stored, so no schema can say it. Any other 422 for data that fit the schema is a fault of the
schema.
"""

from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

from chalicelib.domain.import_limits import Refusal

BEYOND_SCHEMAS = frozenset(
    {
        "bad_attributes",  # their characters are counted together
        "bad_boxes",  # which boxes a form has, depends on what is stored
        "bad_brand",  # whether there is such a brand, likewise
        "bad_cursor",  # a cursor is ours to read
        "bad_event",  # times, bytes of UTF-8 and whole numbers written with a fraction
        "bad_fields",  # which fields a form has, depends on what is stored
        "undeliverable_address",  # what DNS says of its domain
        "bad_form",  # boxes, fields and lists of a form hang together
        "bad_language",  # which languages a form has, depends on what is stored
        "bad_list",  # whether the brand has such a list, depends on what is stored
        "bad_mail",  # a mail's parts are counted, and so are its bytes
        "bad_document",  # which bytes are readable, no schema says
        "bad_import_rules",  # a rule twice, or a looser one without its reason
        "bad_kind",  # a query that stands twice: the first counts
        "bad_mapping",  # which columns a file has, depends on the file
        "bad_purpose",  # two purposes nobody may import
        "bad_statement",  # members hang together, and some texts are blank
        "empty",  # no bytes at all
        "refused_source",  # named so that the refusal can say why
        "bad_key",  # its name is printable text
        "bad_notice",  # which texts were published, and when, depends on what is stored
        "bad_objection_offer",  # two times of the body are compared
        "bad_received_by",  # printable, as bad_text
        "bad_received_at",  # a time to come is one today and none tomorrow
        "bad_segment",  # what an expression says, and which facts there are, depends on the brand
        "bad_template",  # a template is a programme
        "bad_subject",  # what is left of it when it is filled
        "bad_text",  # printable: which characters are, changes with Unicode
        "bad_time",  # as bad_received_at
        "brand_fixed",  # whose form it is, depends on what is stored
        "dark_pattern",  # what a sentence says
        "foreign_merge_tag",  # what a source says; so for the next two
        "img_without_alt",
        "link_incomplete",
        "list_needed",  # every format but our own is of one list
        "idempotency_key_reused",
        "malformed_address",  # an address is more than its format
        "message_too_large",  # its bytes are counted when it is filled
        "no_reply_sender",  # whose template it is, depends on what is stored
        "other_id",  # the body repeats the id of its address
        "purpose_without_mail",  # two purposes say what may be known, and mail nobody
        "segment_of_another_brand",  # whose it is, depends on what is stored
        "reason_without_skipped",  # two members say who is asked for
        "several_people",  # whom a mail leads to depends on what was sent
        "template_too_large",  # its sources are counted together, as UTF-8
        "unknown_brand",
        "unknown_list",
        "unknown_purpose",
        "unknown_segment",
        "unknown_template",
        "unknown_time_zone",  # which names there are, changes with the IANA database
    }
    | set(map(str, Refusal))  # what a file is, and what is wrong with it, shows in its bytes
)
UNPROCESSABLE = 422


@schemathesis.check
def valid_data_is_refused_for_no_reason_a_schema_states(
    _context: Any, response: Any, case: Any
) -> None:
    """Hold a 422 for schema-valid data to the reasons above."""
    if response.status_code != UNPROCESSABLE or case.meta is None:
        return
    if case.meta.generation.mode is GenerationMode.POSITIVE:
        code = response.json()["code"]
        assert code in BEYOND_SCHEMAS, f"valid data was refused as {code}"

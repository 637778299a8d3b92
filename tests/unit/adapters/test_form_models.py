# SPDX-License-Identifier: Apache-2.0
"""Stored forms: what an earlier build left out reads as the default."""

from dataclasses import replace

from chalicelib.adapters.dynamo.form_models import FormRow
from chalicelib.domain.forms import Guard, Rule
from tests.support.form_examples import FULL_FORM


def test_a_guard_stored_before_domains_were_looked_up_reads_as_the_default():
    row = FormRow.current(FULL_FORM)
    assert row.to_domain() == FULL_FORM
    settings = dict(row.settings)
    settings["guard"] = {k: v for k, v in settings["guard"].items() if k != "no_mail"}
    row.settings = settings
    assert row.to_domain().guard == replace(FULL_FORM.guard, no_mail=Guard().no_mail)
    assert Guard().no_mail is Rule.REFUSE


def test_a_form_with_the_default_guard_stores_none():
    row = FormRow.current(replace(FULL_FORM, guard=Guard()))
    assert "guard" not in row.settings
    assert row.to_domain().guard == Guard()

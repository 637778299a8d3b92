# SPDX-License-Identifier: Apache-2.0
"""The error tree is the one its docstring draws, and input errors keep code and sentence apart."""

import inspect
import re

from chalicelib import errors


def test_the_drawn_tree_names_exactly_the_classes_there_are() -> None:
    drawn = set(re.findall(r"^ +(?:[│├└─ ]*)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE))
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.KvittoError)
    }
    assert drawn == defined


def test_every_class_tells_the_operator_what_it_means() -> None:
    for value in vars(errors).values():
        if inspect.isclass(value) and issubclass(value, errors.KvittoError):
            assert value.operator_sentence.endswith(".")


def test_an_input_error_keeps_its_code_and_detail() -> None:
    error = errors.InputError("malformed_address", "That is not an address.")
    assert (error.code, error.detail) == ("malformed_address", "That is not an address.")
    assert str(error) == "malformed_address: That is not an address."


def test_every_bad_token_looks_the_same_to_a_forger() -> None:
    assert errors.BadToken().code == "bad_token"
    assert isinstance(errors.BadToken(), errors.InputError)

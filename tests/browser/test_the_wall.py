# SPDX-License-Identifier: Apache-2.0
"""The wall around the browser holds, so that the other tests prove what they claim."""

import pytest

from tests.support.browser import Visit


def test_a_request_to_another_host_is_stopped_and_fails_the_visit(browser, stack):
    visit = Visit(browser, stack.base_url)
    visit.page.set_content("<img src='http://192.0.2.1/pixel.gif'>")
    with pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        visit.close()

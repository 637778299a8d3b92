# SPDX-License-Identifier: Apache-2.0
"""A whole installation's way through the unzipped package; the chapters are in `story`.

Every step is a real message of the step before, taken from its queue and handed to the deployed
handler together with a record that cannot be read: only that one may come back.
"""

import pytest

from tests.package.templates import QUEUE_HANDLERS


@pytest.mark.slow
def test_every_consumer_of_the_package_finishes_real_work_beside_a_record_it_hands_back(walked):
    assert {f"app.{name}" for name, messages in walked.finished.items() if messages} == set(
        QUEUE_HANDLERS
    )

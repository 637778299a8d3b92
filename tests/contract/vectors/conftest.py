# SPDX-License-Identifier: Apache-2.0
"""Finds the public vectors beside the checkout, and says so when they are not there.

Guarantees that a missing folder shows as skipped tests with a reason, never as passes.
"""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
PUBLIC_VECTORS = CHECKOUT.parent / "shared" / "vectors"


@pytest.fixture(scope="session")
def public_vectors() -> Path:
    """The folder of public vectors, `../shared/vectors` beside the checkout."""
    if not PUBLIC_VECTORS.is_dir():
        pytest.skip("the public vectors (../shared/vectors beside the checkout) are not here")
    return PUBLIC_VECTORS

# SPDX-License-Identifier: Apache-2.0
"""Says in one sentence when the Python that runs `make` is too old; runs on any Python 3."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- this file exists to be run by an older Python
    sys.exit(
        "Kvitto needs Python 3.11 or newer and found {}.{}. "
        "Install a newer one and run: make PYTHON=python3.11 run".format(*sys.version_info[:2])
    )

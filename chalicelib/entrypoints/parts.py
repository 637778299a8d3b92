# SPDX-License-Identifier: Apache-2.0
"""The services a handler asks for, fetched when it runs and not when it is imported.

Guarantees that importing the app reads no environment and loads no SDK: `bootstrap` imports every
service, which a page that is refused does not need.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container


def container() -> "Container":
    """Return this process's container.

    Raises:
        FatalError: a setting is missing or unusable.
    """
    from chalicelib import bootstrap  # noqa: PLC0415  # see the module's docstring

    return bootstrap.container()

# SPDX-License-Identifier: Apache-2.0
"""`python -m infra.local.start_child MODULE …`: runs a child's `main` with fewer collections.

Importing moto and Chalice makes hundreds of thousands of objects that live as long as the child;
looking through them again and again is a quarter of a start's CPU time. It refuses nothing.
"""

import gc
import importlib
import sys

_ALLOCATIONS = 100_000
"""Objects made before the collector looks at the youngest; Python's own default is 700."""


def main() -> None:
    """Run the module named first; what follows its name are its own arguments."""
    gc.set_threshold(_ALLOCATIONS, 50, 50)
    module = importlib.import_module(sys.argv.pop(1))
    module.main()


if __name__ == "__main__":
    main()

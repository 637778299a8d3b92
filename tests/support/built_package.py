# SPDX-License-Identifier: Apache-2.0
"""The package, built and unzipped once for a whole run of tests.

Every worker of a parallel run shares it: the first one builds, the others wait.
"""

import fcntl
import os
import zipfile
from pathlib import Path

from infra.package import build

ROOT = Path(__file__).resolve().parents[2]


def built_package(base: Path) -> Path:
    """Return the folder with deployment.zip, sam.json and the zip's content in ``tree``.

    Args:
        base: this worker's ``tmp_path_factory.getbasetemp()``.
    """
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    out = shared / "package"
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "tree").exists():
            build(ROOT, out)
            with zipfile.ZipFile(out / "deployment.zip") as archive:
                archive.extractall(out / "unzipping")
            (out / "unzipping").rename(out / "tree")
    return out

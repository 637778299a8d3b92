# SPDX-License-Identifier: Apache-2.0
"""The emulator inside a test process: one account for the whole process, so it is emptied first."""

from typing import Any

from infra.local import aws


def start_empty() -> tuple[Any, Any]:
    """Start the local stack's AWS in this process, without what an earlier test left in it."""
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data

    BackendDict.reset()
    reset_model_data()
    return aws.start()

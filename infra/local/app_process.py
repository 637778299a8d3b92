# SPDX-License-Identifier: Apache-2.0
"""The `app` process of the local stack: the product's app, its queues and its schedules.

It guarantees that modules are loaded while the emulator is still starting, and that the product's
own environment is set before the app is imported. It talks to the supervisor in JSON lines: one in
with what to run, and out `{"listening": true}`, then `{"ready": true}` when the demo data are
there.
It refuses to load any product module from the checkout when an unzipped package is served.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 5.0
_AFTER_DEMO = frozenset({"record_ses_events", "anchor_checkpoints"})
"""Handlers that wait for the demo data, to be in nobody's way: what SES says of its mails, and the
first time stamp, which counts as well a few seconds later."""


def main() -> None:
    """Run until told to stop or until the parent is gone."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    supervisor, sys.stdout = sys.stdout, sys.stderr
    app_folder = sys.argv[2] if sys.argv[2:] else str(_ROOT)
    sys.path[:] = [app_folder, *(p for p in sys.path if p not in ("", str(_ROOT), app_folder))]
    os.chdir(app_folder)
    _complete_chalice()
    consumers_module, front, template = (
        importlib.import_module(f"infra.local.{name}")
        for name in ("consumers", "front", "template")
    )
    importlib.import_module("jinja2")
    declared = template.load(_ROOT / "infra" / "app.yaml")
    task = json.loads(sys.stdin.readline() or "null")
    if task is None:
        return
    from infra.local.child import end_with_parent, wait_for_stop

    stop = end_with_parent()
    os.environ.update(task["environment"])
    module = importlib.import_module("app")
    server = front.serve(
        module.app,
        responses=front.GatewayResponses.from_template(declared),
        ses_url=task["environment"]["AWS_ENDPOINT_URL_SESV2"],
        listening=listening,
    )
    _start_thread(server.serve_forever, "front")
    consumers = consumers_module.Consumers(
        consumers_module.queue_work(module, task["queues"]),
        consumers_module.scheduled_work(module, minute_seconds=task["minute_seconds"]),
        _queue_client,
    )
    consumers.start(but=_AFTER_DEMO)
    _say(supervisor, {"listening": True})
    _start_thread(lambda: _fill(supervisor, task["demo"], consumers.start), "demo")
    wait_for_stop(stop)
    server.shutdown()
    consumers.stop(_STOP_SECONDS)
    os._exit(0)  # Threads still waiting on a closed emulator have nothing left to save.


def _complete_chalice() -> None:
    """Add this Python's own chalice behind a package's: the zip holds its runtime only.

    What the product imports of chalice is still the package's; `chalice.local` is not in it.
    """
    chalice = importlib.import_module("chalice")
    folders = [str(Path(place) / "chalice") for place in sys.path[1:]]
    chalice.__path__ += [place for place in folders if (Path(place) / "local.py").is_file()]


def _fill(supervisor: TextIO, demo: dict[str, Any] | None, then: Callable[[], None]) -> None:
    """Add the demo data, do what comes ``then``, and say how it went."""
    try:
        if demo is not None:
            hook = importlib.import_module("infra.local.demo")
            settings = importlib.import_module("chalicelib.config").Settings.from_env()
            container = hook.prepare(settings, demo["api_key"])
            hook.seed(container, demo["base_url"], demo["subscribers"])
    except BaseException as error:  # noqa: BLE001 - reported, then the stack stops
        traceback.print_exc()
        _say(
            supervisor,
            {"failed": f"The demo data could not be added ({type(error).__name__}: {error})."},
        )
        return
    then()
    _say(supervisor, {"ready": True})


def _queue_client() -> Any:
    """Return the app's own SQS client: threads may share it, and making one takes 40 ms.

    An app that is not the product (the stack's own tests run a tiny one) gets one made for it.
    """
    if importlib.util.find_spec("chalicelib") is None:
        return importlib.import_module("boto3").client("sqs")
    return importlib.import_module("chalicelib.adapters.aws").client("sqs")


def _say(supervisor: TextIO, message: dict[str, Any]) -> None:
    supervisor.write(json.dumps(message) + "\n")
    supervisor.flush()


def _start_thread(target: Any, name: str) -> None:
    import threading

    threading.Thread(target=target, name=name, daemon=True).start()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""A small Lambda Runtime API on loopback, and one handler run against it by the real client.

It guarantees that the handler's process is fresh, sees the unzipped package, Lambda's runtime
client and the standard library, and is stopped by an audit hook when it opens a file of the
checkout or connects beyond this machine.
Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
"""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DEADLINE_S = 60
NEXT = "/2018-06-01/runtime/invocation/next"

_PROCESS = """
import sys
tree, client, checkout, handler = sys.argv[1:]
sys.path[:0] = [tree, client]
def guard(event, arguments):
    inside = event == "open" and str(arguments[0]).startswith(checkout + "/")
    if inside:
        raise RuntimeError(f"the package opened {arguments[0]} of the checkout")
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        if arguments[1][0] not in ("127.0.0.1", "::1"):
            raise RuntimeError(f"the package connected to {arguments[1][0]}")
sys.addaudithook(guard)
from awslambdaric.__main__ import main
main(["awslambdaric", handler])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the handler answered: its value, or the error Lambda would record."""

    failed: bool
    value: object


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events = queue.Queue()
        self.replies = queue.Queue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *arguments):
        """Keep the test's output free of request lines."""

    def do_GET(self):
        event = self.server.events.get() if self.path == NEXT else None
        if event is None:
            self.close_connection = True
            return
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"
        )
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header(
            "Lambda-Runtime-Deadline-Ms", str(time.time_ns() // 1_000_000 + DEADLINE_S * 1000)
        )
        self.send_header(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:eu-north-1:123456789012:function:kvitto",
        )
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.replies.put(
            Reply(failed=self.path.endswith("/error"), value=json.loads(body) if body else None)
        )
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Function:
    """One deployed function: a fresh process of the runtime client around one handler."""

    def __init__(self, *, tree: Path, client: Path, checkout: Path, handler: str, environment):
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._log = tree.parent / f"{handler}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                (
                    *(sys.executable, "-I", "-S", "-B", "-c", _PROCESS),
                    *(str(tree), str(client), str(checkout), handler),
                ),
                cwd=tree,
                env={
                    **environment,
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
                    "AWS_LAMBDA_FUNCTION_NAME": handler.rsplit(".", 1)[-1],
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                    "LAMBDA_TASK_ROOT": str(tree),
                    "_HANDLER": handler,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def invoke(self, event) -> Reply:
        """Run the handler once and return its answer.

        Raises:
            AssertionError: no answer came; the message holds what the process printed.
        """
        self._server.events.put(event)
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            try:
                return self._server.replies.get(timeout=0.2)
            except queue.Empty:
                if self._process.poll() is not None:
                    break
        raise AssertionError(f"the handler gave no answer:\n{self.printed()}")

    def printed(self) -> str:
        """Return what the process wrote to its log so far."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """Stop the process and the server."""
        self._process.kill()
        self._process.wait()
        self._server.events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

# SPDX-License-Identifier: Apache-2.0
"""The `aws` process of the local stack: moto, the SES endpoint, DNS and the templates' resources.

It guarantees that its one line of standard output, a JSON object, is written when everything it
names exists: what the product's process needs to know.
It refuses to outlive the process that started it: when standard input ends, it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.local import dns_server, moto_server, tsa
from infra.local.child import end_with_parent, wait_for_stop
from infra.local.ses_endpoint import SesEndpoint
from infra.local.ses_identity import records
from infra.local.template_reader import (
    Endpoints,
    consumer_queues,
    create_resources,
    product_environment,
    read_stack,
    receipt_rules,
)

REGION = "eu-north-1"
# Who may send from the start. Nobody can own these names (RFC 2606), so no real domain is met.
IDENTITIES = ("example.com", "example.org", "example.net")
INBOUND_DOMAIN = "inbound.example.org"
_INFRA = Path(__file__).resolve().parent.parent


def start(
    *,
    aws_port: int = 0,
    ses_port: int = 0,
    infra_folder: Path = _INFRA,
    tsa_keys: Path | None = None,
) -> tuple[dict[str, dict[str, str]], SesEndpoint]:
    """Start the endpoints in threads and create the resources.

    Args:
        tsa_keys: folder of the time authority's keys, made when absent; None: no authority.

    Returns:
        `environment`, the product's variables, and `queues`, the queue URL of each queue handler.
    """
    authority = ThreadPoolExecutor(1).submit(_authority, tsa_keys)
    endpoint = SesEndpoint(publish=moto_server.publish, region=REGION)
    resolver = dns_server.start(endpoint.zone)
    ses = endpoint.serve(ses_port)
    threading.Thread(target=ses.serve_forever, name="ses", daemon=True).start()
    aws = moto_server.start(aws_port)
    threading.Thread(target=aws.serve_forever, name="moto", daemon=True).start()
    endpoints = Endpoints(
        aws_url=f"http://127.0.0.1:{aws.port}",
        ses_url=f"http://127.0.0.1:{ses.port}",
        region=REGION,
    )
    for name in IDENTITIES:
        _add_sender(endpoint, name)
    # The product's public address and names of its own choosing are the supervisor's to decide.
    chosen = {
        "BaseUrl": "http://127.0.0.1",
        "LedgerOrigin": "localhost",
        "Controller": "local",
        "InboundDomain": INBOUND_DOMAIN,
    }
    stack = read_stack(infra_folder, endpoints, parameters=chosen)
    create_resources(stack, endpoints)
    endpoint.inbound.topics.update(receipt_rules(stack))
    environment = product_environment(stack) | {
        "AWS_ENDPOINT_URL": endpoints.aws_url,
        "AWS_ENDPOINT_URL_SESV2": endpoints.ses_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "KVITTO_DNS_SERVER": resolver.address,
        **authority.result(),
    }
    return {"environment": environment, "queues": consumer_queues(stack)}, endpoint


def _add_sender(endpoint: SesEndpoint, name: str) -> None:
    """Create an identity whose domain's DNS says all that its mails need to arrive."""
    identity = endpoint.account.add_identity(name)
    identity.mail_from_domain = f"bounce.{name}"
    for found in records(identity, REGION):
        endpoint.zone.plant(found.name, found.type, found.values)


def _authority(keys: Path | None) -> dict[str, str]:
    """Start the time authority and return the product's variables that name it."""
    if keys is None:
        return {"KVITTO_TSA_URL": "", "KVITTO_TSA_ROOTS": ""}
    try:
        started = tsa.start(keys)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"no time authority: {error}", file=sys.stderr)
        return _authority(None)
    return {"KVITTO_TSA_URL": started.url, "KVITTO_TSA_ROOTS": str(started.roots)}


def main() -> None:
    """Run until told to stop or until the parent is gone."""
    stop = end_with_parent()
    started, _ = start(tsa_keys=Path(sys.argv[1]) if sys.argv[1:] else None)
    sys.stdout.write(json.dumps(started) + "\n")
    sys.stdout.flush()
    wait_for_stop(stop)
    os._exit(0)  # Nothing here is worth saving, and threads still wait on sockets.


if __name__ == "__main__":
    main()

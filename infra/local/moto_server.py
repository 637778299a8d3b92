# SPDX-License-Identifier: Apache-2.0
"""The emulator of everything but SES: moto behind a kept-alive loopback server.

It guarantees that only the services the product uses are imported, and that the patches of
`moto_speed` are in place before the first request.
"""

from __future__ import annotations

import os
from typing import Any

from infra.local.http_server import HttpServer
from infra.local.template import ACCOUNT
from infra.local.wsgi import wsgi_respond

SERVICES = ("dynamodb", "sqs", "sns", "kms", "s3")
# key / date / Region / service / the rest
_SCOPE_PARTS = 5
_MAX_BODY_BYTES = 64 * 1024 * 1024


def start(port: int = 0) -> HttpServer:
    """Return a listening, not yet serving emulator on 127.0.0.1."""
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
    from infra.local import moto_speed

    moto_speed.apply()
    applications = {service: _backend(service) for service in SERVICES}

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        service = signed_service(environ.get("HTTP_AUTHORIZATION", ""))
        return applications.get(service, applications["s3"])(environ, start_response)

    return HttpServer(
        ("127.0.0.1", port), wsgi_respond(application), max_body_bytes=_MAX_BODY_BYTES
    )


def _backend(service: Any) -> Any:
    """Return the WSGI application of one service."""
    from moto.moto_server.werkzeug_app import create_backend_app

    return create_backend_app(service)


def signed_service(authorization: str) -> str:
    """Return the service that a request was signed for, or an empty text.

    moto's own dispatcher looks through its folder of services on disk for every request.

    >>> signed_service("AWS4-HMAC-SHA256 Credential=local/20261122/eu-north-1/sqs/aws4_request, …")
    'sqs'
    """
    parts = authorization.split("/", 4)
    return parts[3] if len(parts) == _SCOPE_PARTS else ""


def publish(topic_arn: str, message: str) -> None:
    """Publish to a topic of the emulator in this process, without a request to ourselves."""
    from moto.sns.models import sns_backends

    region = topic_arn.split(":")[3]
    sns_backends[ACCOUNT][region].publish(
        message, arn=topic_arn, subject="Amazon SES Email Event Notification"
    )

"""What a request is recognised by, and a recorded request as an object again."""

from __future__ import annotations

import hashlib
import json
from typing import cast

from voicenb.ledger.records import TaskRecord
from voicenb.services.base import Kind, Service, ServiceRequest

__all__ = ["cache_key", "recorded_request", "request_hash"]


def request_hash(request: ServiceRequest) -> str:
    """SHA-256 over the request's body, in a form that does not depend on the order of its fields."""
    return hashlib.sha256(json.dumps(request.wire(), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def cache_key(
    request: ServiceRequest,
    *,
    endpoint: str,
    kind: str,
    reference: str | None = None,
    voice: str | None = None,
    take: int,
    seed: int | None,
) -> str:
    """What a request is recognised by when it is asked again.

    The whole resolved request, in which a voice stands with the service's id of it and a recording with the hash of its
    bytes (an upload gives the same recording another address each time); the service and its endpoint, which for the
    sandbox is its name; the take and the seed.

    Args:
        request: The request.
        endpoint: Where it goes.
        kind: What it makes.
        reference: The identity of the recording that it clones.
        voice: The identity of its voice, where that is not the service's id of it.
        take: The number of the take.
        seed: Its seed.
    """
    asked = request.resolved()
    asked |= {name: value for name, value in (("reference", reference), ("voice", voice)) if value is not None}
    whole = [request.service, endpoint, kind, asked, take, seed]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def recorded_request(service: Service, record: TaskRecord) -> ServiceRequest:
    """Return the request of a row."""
    return service.request_type(cast("Kind", record.kind)).model_validate(record.parameters)

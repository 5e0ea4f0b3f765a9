"""Events as AWS delivers them, and a core in memory to hand them to."""

from __future__ import annotations

import base64
import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

EVENTS = Path(__file__).parents[1] / "events"
KEY = SigningKey(bytes(range(32)))


def event(name: str) -> dict[str, Any]:
    """Read tests/events/<name>.json."""
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return document


def signed(body: bytes, now: float, *, encoded: bool = False, **headers: str | None) -> Any:
    """Wrap a body as API Gateway delivers it, signed as Discord would at `now`."""
    timestamp = str(int(now))
    ours: dict[str, str | None] = {
        "x-signature-ed25519": KEY.sign(timestamp.encode() + body).signature.hex(),
        "x-signature-timestamp": timestamp,
    }
    ours |= {name.replace("_", "-"): value for name, value in headers.items()}
    gateway = event("api_gateway")
    gateway["headers"] |= {name: value for name, value in ours.items() if value is not None}
    gateway["headers"] = {
        name: value for name, value in gateway["headers"].items() if ours.get(name, "") is not None
    }
    gateway["body"] = base64.b64encode(body).decode() if encoded else body.decode("latin-1")
    gateway["isBase64Encoded"] = encoded
    return gateway


def no_log_context(_: str) -> AbstractContextManager[None]:
    """Stand for the logger's context."""
    return nullcontext()


@pytest.fixture
def interaction() -> Any:
    """Read an interaction by name, as bytes."""
    return lambda name: json.dumps(event(f"interaction_{name}")).encode()

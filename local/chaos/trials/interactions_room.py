"""The interactions room as it is deployed, and the events with which API Gateway calls it."""

from __future__ import annotations

import json
from typing import Any

import urllib3
from nacl.signing import SigningKey

from distillery.core.accept_job import AcceptJob
from distillery.discord.picture_ends import PictureEnds
from distillery.discord.signature import SignatureCheck
from lambdas.interactions.handler import Handler, build_handler
from lambdas.interactions.replies import build_replies
from local.memory import MemoryFavourites, MemoryObjectStore

_APPLICATION, _GUILD, _CHANNEL = "400000000000000001", "400000000000000010", "400000000000000020"


def wire(key: SigningKey, accept: AcceptJob) -> Handler:
    """Return the room's handler. It trusts `key`, and has its ports from `accept`."""
    check = SignatureCheck(key.verify_key.encode().hex())
    replies = build_replies(accept, MemoryObjectStore, _no_pictures, MemoryFavourites())
    return build_handler(check, replies, accept.telemetry, accept.clock)


def _no_pictures() -> PictureEnds:
    return PictureEnds(urllib3.PoolManager(), frozenset[str]())


def sign(key: SigningKey, body: bytes, timestamp: str) -> str:
    """Sign as Discord does."""
    return key.sign(timestamp.encode() + body).signature.hex()


def event(body: str | None, signature: str | None, timestamp: str | None) -> dict[str, Any]:
    """Wrap a request as an HTTP API does (payload version 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "POST /interactions",
        "rawPath": "/interactions",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "user-agent": "Discord-Interactions/1.0 (+https://discord.com)",
            "x-signature-ed25519": signature,
            "x-signature-timestamp": timestamp,
        },
        "requestContext": {
            "http": {"method": "POST", "path": "/interactions", "sourceIp": "127.0.0.1"},
            "requestId": "r",
            "routeKey": "POST /interactions",
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def ping(number: int) -> bytes:
    """Return the body of a PING."""
    document = {"id": str(number), "application_id": _APPLICATION, "type": 1, "token": "t"}
    return json.dumps(document).encode()


def serve(number: int, prompt: str, user_id: str) -> bytes:
    """Return the body of a `/serve`, the interaction's id being `number`."""
    prompt_option = {"name": "prompt", "type": 3, "value": prompt}
    document = {
        "id": str(number),
        "application_id": _APPLICATION,
        "type": 2,
        "token": f"token of {number}",
        "version": 1,
        "guild_id": _GUILD,
        "channel_id": _CHANNEL,
        "member": {"user": {"id": user_id, "username": "juniper"}, "roles": []},
        "data": {"id": "2", "name": "serve", "type": 1, "options": [prompt_option]},
    }
    return json.dumps(document, ensure_ascii=False).encode()

"""An application to stand behind the stand-in Discord, and a client that calls both."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from PIL import Image

from local.discord.interactions import public_key
from local.discord.openapi import document_at_hand
from local.discord.settings import DiscordSettings
from local.discord.state import Discord

Json = dict[str, Any]
Answer = Callable[[Json], Any]

APPLICATION = "1100000000000000001"
GUILD = "1100000000000000002"
CHANNEL = "1100000000000000003"
BOT_TOKEN = "bot-token"  # pragma: allowlist secret
SETTINGS = DiscordSettings(
    application_id=APPLICATION,
    guild_id=GUILD,
    channel_id=CHANNEL,
    signing_key="5a" * 32,
    bot_token=BOT_TOKEN,
    openapi_path=document_at_hand(),
    attachment_size_limit=1024 * 1024,
)
NOBODY: Json = {"parse": []}
SERVE: Json = {
    "name": "serve",
    "description": "Ask for a picture",
    "options": [
        {
            "type": 3,
            "name": "prompt",
            "description": "What to paint",
            "required": True,
            "min_length": 2,
            "max_length": 300,
        },
        {"type": 4, "name": "steps", "description": "Steps", "min_value": 1, "max_value": 60},
        {"type": 10, "name": "strength", "description": "Strength", "max_value": 1},
        {"type": 5, "name": "private", "description": "Only for you"},
        {
            "type": 3,
            "name": "workflow",
            "description": "How to make it",
            "choices": [{"name": "Words to picture", "value": "t2i"}],
        },
        {"type": 11, "name": "image", "description": "A picture to start from"},
    ],
}


def picture(colour: str = "red") -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(file, "PNG")
    return file.getvalue()


def says(content: str, **more: Any) -> Json:
    """Return a message payload as the house wants it."""
    return {"content": content, "allowed_mentions": NOBODY, **more}


@dataclass
class FakeClock:
    """Time that moves only when told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Answered:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass
class Client:
    """Calls the stand-in as applications, members and tests do."""

    discord: Discord
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.discord.settings.public_url

    async def call(self, method: str, path: str, **more: Any) -> Answered:
        async with self.http.request(method, self.url + path, **more) as answer:
            body = await answer.read()
            parsed = json.loads(body) if answer.content_type == "application/json" else body
            return Answered(answer.status, answer.headers.copy(), parsed)

    async def api(self, method: str, path: str, **more: Any) -> Answered:
        return await self.call(method, f"/api/v10{path}", **more)

    async def bot(self, method: str, path: str, **more: Any) -> Answered:
        headers = {"Authorization": f"Bot {BOT_TOKEN}"}
        return await self.api(method, path, headers=headers, **more)

    async def webhook(
        self,
        method: str,
        token: str,
        payload: Json | None = None,
        files: Mapping[int, tuple[str, bytes]] | None = None,
        message: str | None = "@original",
    ) -> Answered:
        path = f"/webhooks/{APPLICATION}/{token}" + (f"/messages/{message}" if message else "")
        if files is None:
            return await self.api(method, path, json=payload)
        return await self.api(method, path, data=form(payload or {}, files))

    async def control(self, path: str, body: Json | None = None) -> Answered:
        if body is None:
            return await self.call("GET", f"/control/{path}")
        return await self.call("POST", f"/control/{path}", json=body)

    async def use(self, member: str = "juniper", command: str = "serve", **options: Any) -> Json:
        body = {"member": member, "command": command, "options": options}
        answered = await self.control("commands", body)
        assert answered.status == 200, answered.json
        used: Json = answered.json
        return used

    async def register(self, *commands: Json) -> Answered:
        path = f"/applications/{APPLICATION}/commands"
        return await self.bot("PUT", path, json=list(commands))

    async def attach(self, name: str, data: bytes) -> Answered:
        upload = aiohttp.FormData()
        upload.add_field("file", io.BytesIO(data), filename=name)
        return await self.call("POST", "/control/attachments", data=upload)


def form(payload: Json, files: Mapping[int, tuple[str, bytes]]) -> aiohttp.FormData:
    """Return multipart as Discord takes it."""
    data = aiohttp.FormData()
    data.add_field("payload_json", json.dumps(payload), content_type="application/json")
    for number, (name, content) in files.items():
        data.add_field(f"files[{number}]", io.BytesIO(content), filename=name)
    return data


@dataclass
class Application:
    """An interactions endpoint: checks signatures, remembers interactions, answers as told."""

    seen: list[Json] = field(default_factory=list)
    answer: Answer = lambda interaction: {"type": 5}
    checks_signatures: bool = True
    pongs: bool = True
    url: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.checks_signatures and not signed(request, body):
            return web.Response(status=401)
        interaction = json.loads(body)
        if interaction["type"] == 1:
            return web.json_response({"type": 1} if self.pongs else {})
        self.seen.append(interaction)
        self.asked.set()
        answer = self.answer(interaction)
        if isinstance(answer, web.StreamResponse):
            return answer
        return web.json_response(answer)


def signed(request: web.Request, body: bytes) -> bool:
    """Verify as an application does."""
    signature = request.headers.get("X-Signature-Ed25519", "")
    timestamp = request.headers.get("X-Signature-Timestamp", "")
    key = VerifyKey(bytes.fromhex(public_key(SETTINGS.signing_key)))
    try:
        key.verify(timestamp.encode() + body, bytes.fromhex(signature))
    except (BadSignatureError, ValueError):
        return False
    return True

"""Who an operator's commands talk to, as a test says: Discord, Runpod, and the stack."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.settings import Settings
from local.operating.place import Place

APPLICATION = {"id": "13", "name": "a bot", "verify_key": "0" * 64}


WORKERS = {"idle": 1, "running": 0, "unhealthy": 0}


class Others:
    """Discord and Runpod at one address; `answers` says what to which path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.changes: list[dict[str, str]] = []
        self.answers: dict[str, Any] = {
            "/applications/@me": APPLICATION,
            "/one/health": {"jobs": {}, "workers": WORKERS},
            "PATCH": 200,
        }
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                authorization = self.headers.get("Authorization", "")
                outer.asked.append((self.path, authorization))
                known = outer.answers.get(self.path)
                wrong = "wrong" in authorization
                self.send_response(401 if wrong else 404 if known is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(known).encode())

            def do_POST(self) -> None:
                self.send_response(outer.answers["POST"])
                self.end_headers()

            def do_PATCH(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.changes.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.answers["PATCH"])
                self.end_headers()
                self.wfile.write(b'{"message": "Invalid Form Body", "code": 50035}')

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


FILE = f"""
# ours
application_id = "13"
public_key = "{"0" * 64}"
providers = ["runpod", "worker_comfyui"]
runpod_endpoint_id = "one"
worker_comfyui_endpoint_id = "two"

[[prod.tiers]]
name = "patron"

[dev]
application_id = "14"
public_key = "{"1" * 64}"
bot_token_secret = "/dev/token"  # pragma: allowlist secret
"""


def place_in(folder: Path, others: Others, **context: str) -> Place:
    (folder / "distillery.toml").write_text(FILE)
    urls = {"discord_api_url": others.url, "runpod_api_url": others.url}
    return Place.of({**urls, **context}, folder)


class StandIn(Place):
    """A place whose stack is as the test says."""

    def __init__(self, others: Others, **settings: Any) -> None:
        super().__init__(
            Settings(
                application_id="13",
                public_key="0" * 64,
                discord_api_url=others.url,
                runpod_api_url=others.url,
                runpod_endpoint_id="one",
                **settings,
            )
        )
        self._url = f"{others.url}/interactions"

    @property
    def interactions_url(self) -> str:
        return self._url

    def secret(self, name: str) -> str:
        return "a-token"

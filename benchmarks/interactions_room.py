"""The interactions room, which must answer Discord within three seconds: its size and its starts.

Nothing here calls AWS: a ping is answered, and an option out of bounds is refused, before that.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from benchmarks.bundles import write_bundle
from benchmarks.figures import milliseconds, show
from benchmarks.lambda_emulator import emulated, install
from infra.rooms import INTERACTIONS

COLD_STARTS = 15
WARM_INVOCATIONS = 200
PLAIN_HANDLER = Path(__file__).with_name("plain_handler.py")
KEY = SigningKey(bytes(range(32)))
PUBLIC_KEY = bytes(KEY.verify_key).hex()
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "BUCKET_NAME": "a-bucket",
    "DISCORD_PUBLIC_KEY": PUBLIC_KEY,
    "POWERTOOLS_SERVICE_NAME": "interactions",
    "POWERTOOLS_METRICS_NAMESPACE": "Distillery",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/a-queue",
    "TABLE_NAME": "a-table",
}
PING = {"id": "1", "application_id": "1", "type": 1, "token": "t", "version": 1}
REFUSED = {
    **PING,
    "type": 2,
    "channel_id": "20",
    "guild_id": "10",
    "member": {"user": {"id": "42", "username": "juniper"}, "roles": []},
    "attachment_size_limit": 10485760,
    "data": {
        "id": "2",
        "name": "serve",
        "type": 1,
        "options": [
            {"name": "prompt", "type": 3, "value": "a red fox"},
            {"name": "steps", "type": 4, "value": 1000000},
        ],
    },
}


def measure() -> None:
    """Print the room's size, and its cold and warm times beside a plain handler's."""
    install()
    with tempfile.TemporaryDirectory() as scratch:
        room, plain = write_bundle(INTERACTIONS, Path(scratch) / "room"), Path(scratch) / "plain"
        shutil.copytree(room, plain)
        shutil.copyfile(PLAIN_HANDLER, plain / "plain_handler.py")
        deployed = write_bundle(INTERACTIONS, Path(scratch) / "deployed", "aws")
        show("zipped bundle for Lambda (arm64)", f"{_zipped(deployed) / 1e6:.2f} MB")
        cold = _cold_starts(
            {
                "this room": (room, "lambdas.interactions.main.handler"),
                "boto3 + Powertools + PyNaCl": (plain, "plain_handler.handler"),
            }
        )
        for name, seconds in cold.items():
            show(f"cold start to first answer, {name}", milliseconds(seconds))
        with emulated(room, "lambdas.interactions.main.handler", ENVIRONMENT) as emulator:
            for name, interaction in {"a ping": PING, "a refused option": REFUSED}.items():
                seconds = [_timed(emulator.invoke, interaction) for _ in range(WARM_INVOCATIONS)]
                show(f"warm answer to {name}", milliseconds(seconds))


def _zipped(folder: Path) -> int:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in folder.rglob("*"):
            zipped.write(file, file.relative_to(folder))
    return archive.stat().st_size


def _cold_starts(handlers: Mapping[str, tuple[Path, str]]) -> dict[str, list[float]]:
    """Start each handler anew, by turns, so that a busy moment of the machine falls on both."""
    seconds: dict[str, list[float]] = {name: [] for name in handlers}
    for _ in range(COLD_STARTS + 1):
        for name, (folder, handler) in handlers.items():
            with emulated(folder, handler, ENVIRONMENT) as emulator:
                seconds[name].append(_timed(emulator.invoke, PING))
    return {name: times[1:] for name, times in seconds.items()}  # the first compiles the modules


def _timed(invoke: Any, interaction: Mapping[str, Any]) -> float:
    event = _signed(interaction)
    started = time.perf_counter()
    answer = invoke(event)
    seconds = time.perf_counter() - started
    answered = json.loads(answer["body"])["type"]
    if answered != (1 if interaction is PING else 4):
        raise AssertionError(f"a wrong answer was timed: {answer}")
    return seconds


def _signed(interaction: Mapping[str, Any]) -> dict[str, Any]:
    """Wrap an interaction as API Gateway does, signed as Discord does."""
    body, timestamp = json.dumps(interaction), str(int(time.time()))
    return {
        "version": "2.0",
        "headers": {
            "x-signature-ed25519": KEY.sign((timestamp + body).encode()).signature.hex(),
            "x-signature-timestamp": timestamp,
        },
        "body": body,
        "isBase64Encoded": False,
    }

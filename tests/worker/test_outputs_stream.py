"""A video of more than a hundred megabytes goes through the worker without being in its memory."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from tests.worker.loop_thread import LoopThread
from tests.worker.process import ROOT

SIZE = 128 << 20
HEAD = b"\x00\x00\x00\x18ftypisom"
MOST_GROWTH_KIB = 40 << 10


@dataclass
class Sink:
    """A store that counts what it is sent, and an engine that gives a large file back."""

    file: Path
    url: str = ""
    lengths: list[str | None] = field(default_factory=list)
    received: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.lengths.append(request.headers.get("Content-Length"))
        count = 0
        async for chunk in request.content.iter_any():
            count += len(chunk)
        self.received.append(count)
        return web.Response(status=204)

    async def view(self, request: web.Request) -> web.StreamResponse:
        assert dict(request.query) == {"filename": "a.mp4", "subfolder": "v", "type": "output"}
        return web.FileResponse(self.file)


@pytest.fixture
def sink(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path / "output" / "v" / "a.mp4")
    sink.file.parent.mkdir(parents=True)
    sink.file.write_bytes(HEAD)
    os.truncate(sink.file, SIZE)  # sparse: it takes no room
    app = web.Application(client_max_size=1 << 40)
    app.add_routes([web.post("/bucket", sink.take), web.get("/view", sink.view)])
    runner, sink.url = loop_thread.serve(app)
    yield sink
    loop_thread.call(runner.cleanup())


def sum_of_the_file() -> str:
    digest = hashlib.sha256(HEAD)
    digest.update(bytes(SIZE - len(HEAD)))
    return digest.hexdigest()


@pytest.mark.parametrize("from_disk", [True, False])
def test_a_large_file_is_streamed(sink: Sink, tmp_path: Path, from_disk: bool) -> None:
    target = {"url": f"{sink.url}/bucket", "fields": {"key": "k/${filename}", "policy": "p"}}
    limits = {"timeout_s": 600, "progress_interval_s": 1, "max_outputs": 1}
    envelope = {
        "version": 1,
        "job_id": "1",
        "attempt": 1,
        "graph": {"9": {"class_type": "SaveVideo", "inputs": {}}},
        "outputs": ["9"],
        "inputs": [],
        "metadata": {"prompt": "a red fox"},
        "variants": {"max_bytes": 10 << 20, "thumbnail_px": 256},
        "upload": dict.fromkeys(("outputs", "progress", "result"), target),
        "limits": {**limits, "max_output_bytes": SIZE},
    }
    file = {"filename": "a.mp4", "subfolder": "v", "type": "output"}
    task = {
        "envelope": envelope,
        "url": sink.url,
        "folder": str(tmp_path) if from_disk else None,
        "outputs": {"9": {"gifs": [file]}},
    }

    process = subprocess.run(
        [sys.executable, "-m", "tests.worker.measured_upload"],
        cwd=ROOT,
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    told = json.loads(process.stdout)
    assert told["name"] == "0_9.mp4"
    assert told["sha256"] == sum_of_the_file()
    assert told["grown_kib"] < MOST_GROWTH_KIB
    (length,) = sink.lengths
    assert length is not None
    assert sink.received == [int(length)]
    assert SIZE < int(length) < SIZE + 2000

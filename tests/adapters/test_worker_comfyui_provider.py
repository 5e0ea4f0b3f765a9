"""An endpoint of worker-comfyui as a provider: what it is sent, and what its answers become."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import urllib3
from botocore.exceptions import ClientError

from distillery.core.envelope import MAX_OUTPUT_BYTES
from distillery.core.errors import ProviderError, ProviderRefused, ProviderUnreachable
from distillery.core.job import JobState
from distillery.core.ports import ProviderCondition, ProviderJob
from distillery.core.worker_documents import parse_result
from distillery.providers.worker_comfyui import MAX_REQUEST_BYTES, WorkerComfyuiProvider
from local.memory import FakeClock, MemoryObjectStore, MemoryProvider
from tests.adapters.scripted_server import Script
from tests.core.world import World
from tests.worker.hostile_files import animation

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "gpu_container" / "result.schema.json").read_text()
)
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"..."
)
RESULT = "jobs/1001/2/result.json"
GRAPH = {"3": {"class_type": "LoadImage", "inputs": {"image": "example.png"}}}
ID = "1001/2/r-1-u1"


def envelope(*urls: str, max_bytes: int = 100) -> dict[str, Any]:
    entries = [
        {"node": "3", "input": f"image{n or ''}", "url": url, "max_bytes": max_bytes}
        for n, url in enumerate(urls)
    ]
    return {
        "job_id": "1001",
        "attempt": 2,
        "graph": GRAPH,
        "outputs": ["9"],
        "inputs": entries,
        "limits": {"timeout_s": 600},
        "upload": {"result": {"url": "https://bucket", "fields": {"policy": "SECRET"}}},
    }


def picture(data: bytes = PNG, **changes: str) -> dict[str, str]:
    text = base64.b64encode(data).decode()
    return {"filename": "../../etc/passwd", "type": "base64", "data": text, **changes}


def completed(*images: Any, **more: Any) -> dict[str, Any]:
    return {"status": "COMPLETED", "executionTime": 2500, "output": {"images": [*images], **more}}


class Bench:
    """The provider between a scripted Runpod and a store in memory."""

    def __init__(self, server: Script) -> None:
        self.server = server
        self.objects = MemoryObjectStore()
        self.provider = WorkerComfyuiProvider(
            urllib3.PoolManager(),
            server.url + "/v2",
            "endpoint",
            lambda: "key",
            objects=self.objects,
            clock=lambda: 5000.0,
        )

    def status(self, answer: Any, code: int = 200) -> ProviderJob:
        self.server.answers = [(code, answer)]
        return self.provider.status(ID)

    def result(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.objects.read(RESULT))
        jsonschema.validate(document, SCHEMA)
        return document


@pytest.fixture
def bench(server: Script) -> Bench:
    return Bench(server)


def test_a_job_is_sent_as_workflow_and_images_and_nothing_that_is_signed(bench: Bench) -> None:
    bench.server.answers = [(200, b"the photo"), (200, {"id": "r-1-u1", "status": "IN_QUEUE"})]

    job_id = bench.provider.submit(envelope(bench.server.url + "/bucket/photo?Signature=SECRET"))

    fetched, asked = bench.server.asked
    assert "Authorization" not in fetched.headers
    assert (asked.method, asked.path) == ("POST", "/v2/endpoint/run")
    name = hashlib.sha256(b"the photo").hexdigest()[:32] + ".png"
    assert asked.json() == {
        "input": {
            "workflow": {"3": {"class_type": "LoadImage", "inputs": {"image": name}}},
            "images": [{"name": name, "image": base64.b64encode(b"the photo").decode()}],
        },
        "policy": {"executionTimeout": 600_000, "ttl": 900_000},
    }
    assert b"SECRET" not in asked.body
    assert job_id == ID
    assert GRAPH["3"]["inputs"] == {"image": "example.png"}


def test_a_job_without_images_sends_none_and_one_image_in_two_places_goes_once(
    bench: Bench,
) -> None:
    bench.server.answers = [(200, {"id": "r-1"})]
    bench.provider.submit(envelope())
    assert bench.server.asked[0].json()["input"] == {"workflow": GRAPH}

    bench.server.answers = [(200, b"photo"), (200, b"photo"), (200, {"id": "r-2"})]
    url = bench.server.url + "/photo"
    bench.provider.submit(envelope(url, url))
    sent = bench.server.asked[-1].json()["input"]
    assert len(sent["images"]) == 1
    assert set(sent["workflow"]["3"]["inputs"].values()) == {sent["images"][0]["name"]}


@pytest.mark.parametrize(
    ("answer", "max_bytes"),
    [((404, b"gone"), 100), ((200, b"x" * 101), 100), ((0, b""), 100), ((302, b""), 100)],
)
def test_a_job_whose_image_cannot_be_read_was_surely_not_taken(
    bench: Bench, answer: tuple[int, bytes], max_bytes: int
) -> None:
    bench.server.answers = [answer]
    with pytest.raises(ProviderRefused, match="an input could not be read"):
        bench.provider.submit(envelope(bench.server.url + "/photo", max_bytes=max_bytes))
    assert len(bench.server.asked) == 1


def test_a_job_too_large_for_runpod_is_left_to_another_provider(bench: Bench) -> None:
    bench.server.answers = [(200, b"x" * (MAX_REQUEST_BYTES * 3 // 4))]
    with pytest.raises(ProviderRefused, match="larger than worker-comfyui takes") as raised:
        bench.provider.submit(envelope(bench.server.url + "/photo", max_bytes=MAX_REQUEST_BYTES))
    assert raised.type is ProviderRefused  # not JobRefused: that would end the job
    assert len(bench.server.asked) == 1


@pytest.mark.parametrize(
    ("code", "error"), [(429, ProviderRefused), (500, ProviderUnreachable), (401, ProviderRefused)]
)
def test_what_runpod_says_to_a_job_means_what_it_always_means(
    bench: Bench, code: int, error: type[ProviderError]
) -> None:
    bench.server.answers = [(code, {})]
    with pytest.raises(error):
        bench.provider.submit(envelope())


@pytest.mark.parametrize(
    ("code", "answer", "state"),
    [
        (200, {"status": "IN_QUEUE"}, ProviderJob.WAITING),
        (200, {"status": "IN_PROGRESS"}, ProviderJob.RUNNING),
        (200, {"status": "CANCELLED"}, ProviderJob.ENDED),
        (404, {}, ProviderJob.GONE),
        (500, {}, ProviderJob.UNKNOWN),
        (200, b"<html>", ProviderJob.UNKNOWN),
    ],
)
def test_a_job_without_a_result_stores_none(
    bench: Bench, code: int, answer: Any, state: ProviderJob
) -> None:
    assert bench.status(answer, code) is state
    assert bench.server.asked[-1].path == "/v2/endpoint/status/r-1-u1"
    assert not bench.objects.objects


def test_a_completed_job_is_stored_under_its_attempt_as_a_worker_of_ours_would(
    bench: Bench,
) -> None:
    jpeg = b"\xff\xd8\xff\xe0" + b"j" * 40

    assert bench.status(completed(picture(), picture(jpeg))) is ProviderJob.ENDED

    assert bench.objects.objects.keys() == {
        "jobs/1001/2/outputs/0_image.png",
        "jobs/1001/2/outputs/1_image.jpg",
        RESULT,
    }
    assert list(bench.objects.objects)[-1] == RESULT  # last of all
    assert bench.objects.read("jobs/1001/2/outputs/0_image.png") == PNG
    first, second = bench.result()["outputs"]
    assert (first["width"], first["height"], first["bytes"]) == (640, 480, len(PNG))
    assert (second["width"], second["content_type"]) == (None, "image/jpeg")
    assert (bench.result()["timings"]["engine_s"], bench.result()["finished_at"]) == (2.5, 5000.0)
    outcome = parse_result(bench.objects.read(RESULT)).outcome
    assert [shown.name for shown in outcome.pictures] == ["0_image.png", "1_image.jpg"]


@pytest.mark.parametrize(
    ("start", "content_type"),
    [
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
    ],
)
def test_a_file_is_what_it_begins_with(bench: Bench, start: bytes, content_type: str) -> None:
    bench.status(completed(picture(start, filename="x.html")))
    assert bench.result()["outputs"][0]["content_type"] == content_type


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (completed(), "no_output", "made no file"),
        (completed(status="success_no_images"), "no_output", "made no file"),
        ({"status": "COMPLETED"}, "execution_failed", "no list of images"),
        ({"status": "COMPLETED", "output": []}, "execution_failed", "no list of images"),
        (completed(picture(b"<svg onload=x>")), "execution_failed", "no picture"),
        (completed({"type": "base64", "data": "%%%"}), "execution_failed", "no picture"),
        (
            completed({**picture(), "data": picture()["data"] + "*!"}),
            "execution_failed",
            "no picture",
        ),
        (completed("x"), "execution_failed", "no picture"),
        (completed(picture(), {"type": "base64"}), "execution_failed", "no picture"),
        (completed(picture(type="s3_url")), "upload_failed", "BUCKET_ENDPOINT_URL"),
        (completed(picture(PNG + bytes(MAX_OUTPUT_BYTES))), "execution_failed", "larger than"),
        ({"status": "TIMED_OUT"}, "timed_out", "limit"),
        ({"status": "FAILED"}, "execution_failed", "no reason"),
        ({"status": "FAILED", "error": "boom"}, "execution_failed", "boom"),
        ({"status": "FAILED", "error": "Workflow validation failed:\n• x"}, "invalid_graph", "x"),
        ({"status": "FAILED", "error": '{"error_type": "X"}'}, "engine_unavailable", "crashed"),
        (
            {"status": "FAILED", "error": "WebSocket communication error: x"},
            "engine_unavailable",
            "x",
        ),
        (
            {"status": "FAILED", "error": "ComfyUI server (127.0.0.1:8188) not reachable"},
            "engine_unavailable",
            "not reachable",
        ),
        (
            {
                "status": "FAILED",
                "error": "Job processing failed",
                "output": {"details": ["Workflow execution error: Allocation on device"]},
            },
            "out_of_memory",
            "Allocation",
        ),
        (
            {
                "status": "FAILED",
                "error": "Job processing failed",
                "output": {"details": ["Workflow execution error: Node Type: KSampler"]},
            },
            "execution_failed",
            "KSampler",
        ),
    ],
)
def test_each_way_to_fail_is_a_result_with_a_reason(
    bench: Bench, answer: Any, kind: str, words: str
) -> None:
    assert bench.status(answer) is ProviderJob.ENDED
    assert list(bench.objects.objects) == [RESULT]  # nothing half-stored
    error = bench.result()["error"]
    assert error["kind"] == kind
    assert words in error["message"]
    assert parse_result(bench.objects.read(RESULT)).outcome.error_kind == kind


@pytest.mark.parametrize(
    ("kind", "frames", "moves"), [("WEBP", 3, True), ("WEBP", 1, False), ("PNG", 3, True)]
)
def test_a_picture_that_moves_is_known_to(
    bench: Bench, kind: str, frames: int, moves: bool
) -> None:
    bench.status(completed(picture(animation(kind, frames, lossless=True))))
    [made] = parse_result(bench.objects.read(RESULT)).outcome.pictures
    assert (made.content_type, made.moves) == (f"image/{kind.lower()}", moves)


def test_no_more_pictures_are_stored_than_a_message_holds(bench: Bench) -> None:
    bench.status(completed(*[picture()] * 12))
    assert len(bench.result()["outputs"]) == 10


@pytest.mark.parametrize("time", [None, "soon", -5, float("nan"), float("inf")])
def test_a_time_that_is_none_is_nothing(bench: Bench, time: Any) -> None:
    bench.status({**completed(picture()), "executionTime": time})
    assert bench.result()["timings"]["engine_s"] == 0.0


def test_a_result_that_could_not_be_stored_is_fetched_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    with monkeypatch.context() as patch:
        patch.setattr(bench.objects, "put", full)
        assert bench.status(completed(picture())) is ProviderJob.UNKNOWN
    assert bench.status(completed(picture())) is ProviderJob.ENDED
    assert bench.result()["status"] == "succeeded"


def test_a_job_is_cancelled_under_runpods_own_id(bench: Bench) -> None:
    bench.provider.cancel(ID)
    assert bench.server.asked[-1].path == "/v2/endpoint/cancel/r-1-u1"


def test_its_health_is_runpods(bench: Bench) -> None:
    bench.server.answers = [(200, {"workers": {"throttled": 1}})]
    assert bench.provider.condition() is ProviderCondition.NO_CAPACITY


class InTheWorld(WorkerComfyuiProvider):
    """Under a name that the world in memory knows."""

    name = "runpod"


def world_with(server: Script) -> World:
    objects, clock = MemoryObjectStore(), FakeClock()
    provider = InTheWorld(
        urllib3.PoolManager(), server.url, "e", lambda: "key", objects=objects, clock=clock
    )
    return World(
        clock=clock,
        objects=objects,
        runpod=cast("MemoryProvider", provider),
        provider_names=("runpod",),
    )


def test_a_members_pictures_come_from_the_watchdogs_look(server: Script) -> None:
    server.answers = [(200, {"workers": {"idle": 1}}), (200, {"id": "r-1", "status": "IN_QUEUE"})]
    world = world_with(server)
    world.dispatched()
    assert server.asked[-1].path == "/e/run"

    server.answers = [(200, {"status": "IN_PROGRESS"})]
    world.look(after_s=20)
    assert world.job().state is JobState.DISPATCHED

    server.answers = [(200, completed(picture()))]
    world.look(after_s=20)

    assert world.job().state is JobState.SUCCEEDED
    assert [p.size for p in world.job().outcome.pictures] == [len(PNG)]  # type: ignore[union-attr]


def test_a_failure_of_the_machine_is_tried_again_and_one_of_the_job_is_told(
    server: Script,
) -> None:
    server.answers = [(200, {"workers": {"idle": 1}}), (200, {"id": "r-1"})]
    world = world_with(server)
    world.dispatched()
    server.answers = [(200, {"status": "FAILED", "error": "WebSocket communication error: x"})]
    world.look(after_s=20)
    assert world.job().state is JobState.QUEUED

    server.answers = [(200, {"workers": {"idle": 1}}), (200, {"id": "r-2"})]
    world.run_queue()
    assert world.job().attempt == 2
    server.answers = [(200, {"status": "FAILED", "error": "Workflow validation failed: no model"})]
    world.look(after_s=20)

    assert world.job().state is JobState.FAILED
    assert "no model" in world.words()
    assert "jobs/1001/1/result.json" in world.objects.objects

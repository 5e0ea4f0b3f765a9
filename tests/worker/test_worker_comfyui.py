"""Jobs in worker-comfyui's format: taken unchanged, checked, run, and answered in its shape."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from gpu_container.worker.comfy.client import Comfy
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.inputs.fetch import check_image
from gpu_container.worker.worker_comfyui.answer import (
    RUN_BYTES,
    RUNSYNC_BYTES,
    Answer,
    Pictures,
    most_bytes,
)
from gpu_container.worker.worker_comfyui.request import is_request
from gpu_container.worker.worker_comfyui.run import run_request
from tests.worker.conftest import Bench, png
from tests.worker.hostile_files import gif_of, webp_claiming
from tests.worker.process import wait_for

LIMIT_S = 20.0
LOADER = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def run(bench: Bench, payload: object, job_id: str = "job-1") -> Answer:
    return run_request(payload, job_id, bench.deps, bench.stop, timeout_s=LIMIT_S)


def with_image(bench: Bench, data: bytes, name: str = "a.png", **node: Any) -> dict[str, Any]:
    graph = {**bench.comfy.graph, "20": {**LOADER, **node}}
    return {"workflow": graph, "images": [{"name": name, "image": b64(data)}]}


def queued_loader(bench: Bench) -> str:
    value: str = bench.comfy.seen.prompts[-1]["prompt"]["20"]["inputs"]["image"]
    return value


@pytest.mark.parametrize(
    ("payload", "theirs"),
    [
        ({"workflow": {}}, True),
        ({"workflow": None, "images": []}, True),
        ({"images": []}, True),
        ('{"workflow": {}}', True),
        ({"version": 1, "workflow": {}}, False),
        ({"version": 1, "graph": {}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_the_two_formats_are_told_apart(payload: object, theirs: bool) -> None:
    assert is_request(payload) is theirs


def test_a_graph_is_answered_with_its_pictures_as_base64(bench: Bench) -> None:
    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer.failure is None
    assert answer.document == {
        "images": [{"filename": "rec_00001_.png", "type": "base64", "data": b64(png())}]
    }
    assert bench.comfy.seen.prompts[0]["prompt"] == bench.comfy.graph
    assert not bench.store.asked
    assert not bench.store.tries


def test_the_input_may_be_json_in_a_text(bench: Bench) -> None:
    assert run(bench, json.dumps({"workflow": bench.comfy.graph})).failure is None


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ("{", "Invalid JSON format in input"),
        ("[]", "Please provide input"),
        (None, "Please provide input"),
        ({"images": []}, "Missing 'workflow' parameter"),
        ({"workflow": {}}, "'workflow' is not a graph in ComfyUI's API format"),
        ({"workflow": "x"}, "'workflow' is not a graph in ComfyUI's API format"),
        ({"workflow": {"1": {"inputs": {}}}}, "'workflow' is not a graph in ComfyUI's API format"),
        ({"workflow": {"nodes": [], "links": []}}, "'workflow' is in the editor's format"),
        ({"workflow": {"1": LOADER}, "comfy_org_api_key": 1}, "'comfy_org_api_key' must be"),
        ({"workflow": {"1": LOADER}, "images": {}}, "'images' must be a list of objects"),
        ({"workflow": {"1": LOADER}, "images": ["x"]}, "'images' must be a list of objects"),
        ({"workflow": {"1": LOADER}, "images": [{"name": "a"}]}, "'images' must be a list"),
        (
            {"workflow": {"1": LOADER}, "images": [{"name": "", "image": "eA=="}]},
            "'images' must be a list of objects",
        ),
    ],
)
def test_what_is_no_request_is_answered_with_an_error_and_reaches_no_engine(
    bench: Bench, payload: object, error: str
) -> None:
    answer = run(bench, payload)

    assert answer.document["error"].startswith(error)
    assert answer.failure is Kind.BAD_JOB
    assert answer.is_the_jobs_fault
    assert not bench.comfy.seen.prompts


@pytest.mark.parametrize("head", ["", "data:image/png;base64,", "data:image/jpeg;base64,"])
def test_an_image_is_redrawn_and_the_graph_finds_it_by_the_name_it_uses(
    bench: Bench, head: str
) -> None:
    payload = with_image(bench, png(40, 30))
    payload["images"][0]["image"] = head + payload["images"][0]["image"]
    before = deepcopy(payload)

    assert run(bench, payload).failure is None

    expected = check_image(png(40, 30))
    assert bench.comfy.seen.uploads == {expected.name: expected.png}
    assert queued_loader(bench) == expected.name
    assert payload == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\0b", "con.png\r\nX: y"])
def test_no_name_of_the_sender_reaches_a_file_system(bench: Bench, name: str) -> None:
    run(bench, with_image(bench, png(), name, inputs={"image": f"{name} [input]"}))

    assert queued_loader(bench) == check_image(png()).name
    assert list(bench.comfy.seen.uploads) == [check_image(png()).name]


def test_only_a_whole_text_input_is_a_name_and_of_one_name_the_last_image_counts(
    bench: Bench,
) -> None:
    inputs = {"image": "a.png", "text": "a.png and more", "other": "b.png", "link": ["3", 0]}
    payload = with_image(bench, png(color="red"), inputs=inputs)
    payload["images"].append({"name": "a.png", "image": b64(png(color="blue"))})

    run(bench, payload)

    queued = bench.comfy.seen.prompts[-1]["prompt"]["20"]["inputs"]
    assert queued == {**inputs, "image": check_image(png(color="blue")).name}


def test_two_jobs_with_other_images_of_one_name_do_not_meet(bench: Bench) -> None:
    run(bench, with_image(bench, png(color="red")))
    first = queued_loader(bench)
    run(bench, with_image(bench, png(color="blue")))

    assert queued_loader(bench) != first
    assert len(bench.comfy.seen.uploads) == 2


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b64(gif_of(3)), "GIF"),
        (b64(webp_claiming(16_384, 16_384)), "pixels"),
        (b64(b"<svg/>"), "SVG"),
        (b64(png()[:60]), "image"),
        ("abc", "Error decoding base64 for a.png"),
        ("é" * 8, "Error decoding base64 for a.png"),
    ],
)
def test_an_image_that_is_not_safe_is_refused_by_name(
    bench: Bench, image: str, reason: str
) -> None:
    payload = with_image(bench, png())
    payload["images"] = [
        {"name": "fine.png", "image": b64(png())},
        {"name": "a.png", "image": image},
    ]

    answer = run(bench, payload)

    assert answer.document["error"] == "Failed to upload one or more input images"
    (detail,) = answer.document["details"]
    assert "a.png" in detail
    assert reason in detail
    assert not bench.comfy.seen.uploads


def test_every_nodes_images_come_but_previews_and_other_kinds_do_not(bench: Bench) -> None:
    picture = {"subfolder": "", "type": "output"}
    bench.comfy.set_outputs(
        {
            "9": {"images": [{"filename": "rec_00001_.png", **picture}], "animated": [False]},
            "12": {"images": [{"filename": "b.webp", **picture, "subfolder": "deep"}]},
            "13": {"images": [{"filename": "p.png", "subfolder": "", "type": "temp"}]},
            "14": {"gifs": [{"filename": "v.mp4", **picture}], "text": ["words"]},
        }
    )
    bench.comfy.files["output/deep/b.webp"] = b"webp"

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert [image["filename"] for image in answer.document["images"]] == [
        "rec_00001_.png",
        "b.webp",
    ]
    assert answer.document["images"][1]["data"] == b64(b"webp")
    assert "errors" not in answer.document


def test_a_graph_without_a_picture_is_a_success_that_says_so(bench: Bench) -> None:
    bench.comfy.set_outputs({"9": {"text": ["words"]}})

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer == Answer({"images": [], "status": "success_no_images"})


def test_a_picture_that_cannot_be_fetched_is_named_beside_the_others(bench: Bench) -> None:
    lost = {"filename": "lost.png", "subfolder": "", "type": "output"}
    found = {"filename": "rec_00001_.png", "subfolder": "", "type": "output"}
    bench.comfy.set_outputs({"9": {"images": [lost, found]}})

    document = run(bench, {"workflow": bench.comfy.graph}).document

    assert [image["filename"] for image in document["images"]] == ["rec_00001_.png"]
    assert "lost.png" in document["errors"][0]


@pytest.mark.parametrize(
    ("job_id", "limit"), [("sync-1-u1", RUNSYNC_BYTES), ("1-u1", RUN_BYTES), ("1-sync-", RUN_BYTES)]
)
def test_an_answer_may_weigh_what_the_platform_carries(job_id: str, limit: int) -> None:
    assert most_bytes(job_id) == limit


def test_a_picture_beyond_the_platforms_limit_is_named_instead_of_losing_the_answer(
    bench: Bench,
) -> None:
    files = [{"filename": f"{n}.png", "subfolder": "", "type": "output"} for n in range(3)]
    bench.comfy.set_outputs({"9": {"images": files}})
    size = RUN_BYTES * 3 // 4 - 1000
    for name, data in {"0.png": b"small", "1.png": b"x" * size, "2.png": b"last"}.items():
        bench.comfy.files[f"output//{name}"] = data

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer.failure is None
    assert [image["filename"] for image in answer.document["images"]] == ["0.png", "2.png"]
    (error,) = answer.document["errors"]
    assert error.startswith("1.png is left out: an answer carries 10000000 bytes")
    assert len(json.dumps(answer.document)) < RUN_BYTES
    assert len(run(bench, {"workflow": bench.comfy.graph}, "sync-1").document["images"]) == 3


def test_when_nothing_fits_the_job_has_failed(bench: Bench) -> None:
    bench.comfy.files["output//rec_00001_.png"] = b"x" * RUN_BYTES

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer.document["error"] == "Job processing failed"
    assert "rec_00001_.png" in answer.document["details"][0]
    assert answer.failure is Kind.NO_OUTPUT


@pytest.mark.parametrize("size", range(6991, 7001))
@pytest.mark.parametrize("name", ["b" * 60, "ü" * 60, '"' * 60])
def test_a_full_answer_is_never_larger_than_its_limit(size: int, name: str) -> None:
    pictures = Pictures(24_000)
    pictures.add("a.png", b"x" * size)
    while pictures.room:
        pictures.add(name, b"y" * pictures.room)
    for number in range(100):
        pictures.add(f"{number}{name}", b"z")

    answer = pictures.answer()
    assert len(json.dumps(answer.document)) <= 24_000
    assert answer.document["errors"][-1] == "and 90 more like these"


def test_a_failed_run_names_the_node_in_their_words(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.comfy.play("run_execution_error")

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer.document["error"] == "Job processing failed"
    (detail,) = answer.document["details"]
    assert detail.startswith("Workflow execution error: Node Type: ")
    assert answer.failure is Kind.EXECUTION_FAILED


def test_a_refused_graph_says_what_is_wrong(bench: Bench) -> None:
    error = {"message": "Value not in list", "details": "ckpt_name: 'x' not in ['y']"}
    node_errors = {"4": {"errors": [error], "dependent_outputs": ["9"]}}
    bench.comfy.faults.prompt_answer = (400, {"error": {}, "node_errors": node_errors})

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert "ckpt_name" in answer.document["error"]
    assert answer.failure is Kind.INVALID_GRAPH


def test_the_models_that_the_graph_names_are_there_before_it_runs(bench: Bench) -> None:
    asked: list[Any] = []

    class Shelf:
        def ensure(self, graph: Any, deadline: float, stop: Any) -> None:
            asked.append((graph, len(bench.comfy.seen.prompts)))
            raise JobFailed(Kind.BAD_INPUT, "no such model")

    deps = replace(bench.deps, models=Shelf())
    answer = run_request({"workflow": bench.comfy.graph}, "1", deps, bench.stop, timeout_s=20)

    assert asked == [(bench.comfy.graph, 0)]
    assert answer.document == {"error": "no such model"}


def test_a_run_is_limited_by_the_setting(bench: Bench) -> None:
    bench.comfy.faults.hang_at = 10
    payload = {"workflow": bench.comfy.graph}

    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(run, bench, payload)
        wait_for(lambda: bench.comfy.seen.history_asked > 1)  # once it has been seen to run
        bench.clock.skip(LIMIT_S)

    assert answer.result().failure is Kind.TIMED_OUT
    assert len(bench.comfy.seen.interrupts) == 1


def test_a_stopped_job_is_interrupted_in_the_engine(bench: Bench) -> None:
    bench.stop.set()

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer.failure is Kind.INTERRUPTED
    assert not answer.is_the_jobs_fault


def test_a_bug_is_an_error_and_not_the_end_of_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Comfy, "run", lambda *_, **__: None)

    answer = run(bench, {"workflow": bench.comfy.graph})

    assert answer.document["error"].startswith("An unexpected error occurred: AttributeError")


def test_the_callers_key_is_in_no_log_line_and_no_answer(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    payload = {"workflow": bench.comfy.graph, "comfy_org_api_key": "comfyui-SECRET"}
    with caplog.at_level(logging.DEBUG):
        answer = run(bench, payload)

    assert "SECRET" not in caplog.text
    assert "SECRET" not in json.dumps(answer.document)


def test_pictures_are_bytes_for_bytes_what_the_engine_made(bench: Bench) -> None:
    answer = run(bench, {"workflow": bench.comfy.graph})

    data = base64.b64decode(answer.document["images"][0]["data"])
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (64, 64)


def test_the_limit_holds_while_the_engine_is_given_an_image(bench: Bench) -> None:
    bench.comfy.faults.hang_http = "/upload/image"
    payload = with_image(bench, png())

    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(run, bench, payload)
        assert bench.comfy.seen.hung.wait(LIMIT_S)
        bench.clock.skip(LIMIT_S)

    assert answer.result().failure is Kind.ENGINE_UNAVAILABLE  # its graph has not begun

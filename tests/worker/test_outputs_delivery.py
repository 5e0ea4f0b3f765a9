"""Files are stored while the graph still runs, once, and from nowhere but the engine's folders."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from gpu_container.worker.comfy.web_socket import Message
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import parse_job
from gpu_container.worker.outputs import metadata
from gpu_container.worker.outputs.deliver import Delivery
from gpu_container.worker.result import StoredOutput
from gpu_container.worker.store.access import StoreAccess
from gpu_container.worker.store.upload import Uploader
from tests.worker.conftest import Bench, png
from tests.worker.loop_thread import LoopThread
from tests.worker.process import wait_for
from tests.worker.store import Store
from tests.worker.test_run_job import RESULT_SCHEMA

GRAPH = {node: {"class_type": "SaveImage", "inputs": {}} for node in ("4", "9")}
FOX = {"filename": "fox.png", "subfolder": "", "type": "output"}


class Desk:
    """A delivery between a folder as the engine's and a fake store."""

    def __init__(self, store: Store, folder: Path) -> None:
        for name in ("output", "temp", "input"):
            (folder / name).mkdir()
        self.store, self.folder = store, folder
        self.url = "http://127.0.0.1:9"  # nobody is there
        self.stop, self.cancelled, self.now = Event(), Event(), 0.0
        self.pauses: list[float] = []
        access = StoreAccess(frozenset({store.origin}))
        self.uploader = Uploader(access, sleep=self.pauses.append, timeout_s=5.0)
        self.delivery = self.begin()

    def begin(self, **changes: Any) -> Delivery:
        target = self.store.target("jobs/1/1/outputs/${filename}")
        limits = {
            "timeout_s": 60,
            "progress_interval_s": 1,
            "max_outputs": 3,
            "max_output_bytes": 1 << 20,
        }
        envelope = {
            "version": 1,
            "job_id": "1",
            "attempt": 1,
            "graph": GRAPH,
            "outputs": ["9", "4"],
            "inputs": [],
            "upload": {"outputs": target, "progress": target, "result": target},
            "limits": {**limits, **changes.pop("limits", {})},
            **changes,
        }
        self.delivery = Delivery(
            parse_job(envelope), self, self.uploader, check=self.check, clock=lambda: self.now
        )
        return self.delivery

    def check(self) -> None:
        if self.cancelled.is_set():
            raise JobFailed(Kind.INTERRUPTED, "the job was cancelled")

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def executed(self, node: str, *files: Any) -> None:
        output = {"images": list(files)}
        self.delivery.see(Message("executed", {"node": node, "output": output}))

    def finish(self, deadline: float = 60.0, **nodes: Any) -> tuple[StoredOutput, ...]:
        outputs = {node.strip("_"): {"images": files} for node, files in nodes.items()}
        return self.delivery.finish(outputs, deadline, self.stop)

    def failure(self, **nodes: Any) -> JobFailed:
        with pytest.raises(JobFailed) as caught:
            self.finish(**nodes)
        return caught.value


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(store, tmp_path)
    yield desk
    desk.delivery.close()
    desk.uploader.close()


def test_a_file_is_in_the_store_while_the_graph_still_runs(bench: Bench) -> None:
    bench.comfy.play("run_img_no_model")  # node 4 shows a preview, then node 3 saves
    bench.comfy.files["temp//ComfyUI_temp_qxisi_00001_.png"] = png(8, 8)
    bench.comfy.files["output//scaled_00001_.png"] = png(9, 9)
    last = max(
        number
        for number, event in enumerate(bench.comfy.events)
        if event.get("text", {}).get("type") == "executed"
    )
    stored = asyncio.Event()
    bench.store.when_stored["/outputs/1_4.png"] = stored
    bench.comfy.faults.hold_before[last] = stored  # node 3 does not end before 4's file is stored

    result = bench.run(outputs=["3", "4"], limits={"timeout_s": 8})

    assert [output.name for output in result.outputs] == ["0_3.png", "1_4.png"]
    assert len(bench.store.all("/outputs/")) == 2
    jsonschema.validate(bench.result_document(), RESULT_SCHEMA)


def test_what_the_socket_did_not_tell_comes_from_the_history(bench: Bench) -> None:
    bench.comfy.faults.deaf = True

    assert [output.name for output in bench.run().outputs] == ["0_9.png"]


def test_a_file_that_both_told_is_stored_once(desk: Desk) -> None:
    desk.put("output/fox.png", png())
    desk.executed("9", FOX)
    desk.executed("9", FOX)

    (stored,) = desk.finish(_9=[FOX])

    assert desk.store.keys() == ["jobs/1/1/outputs/0_9.png"]
    assert stored.sha256 == hashlib.sha256(png()).hexdigest()


def test_a_job_that_fails_later_has_its_files_in_the_store_but_not_in_the_result(
    bench: Bench,
) -> None:
    bench.comfy.play("run_execution_error")
    bench.comfy.events.insert(
        -1, {"text": {"type": "executed", "data": {"node": "9", "output": {"images": [FOX]}}}}
    )
    bench.comfy.files["output//fox.png"] = png()

    result = bench.run(outputs=["9"])

    assert result.status == "failed"
    assert bench.result_document()["outputs"] == []


def test_the_order_is_the_jobs_whichever_node_finishes_first(desk: Desk) -> None:
    desk.put("output/a.png", png(1, 1))
    desk.put("output/b.png", png(2, 2))
    first, second = ({**FOX, "filename": name} for name in ("a.png", "b.png"))
    desk.executed("4", second)
    wait_for(lambda: len(desk.store.stored) == 1)
    desk.executed("9", first)

    outputs = desk.finish(_4=[second], _9=[first])

    assert [(output.name, output.width) for output in outputs] == [("0_9.png", 1), ("1_4.png", 2)]


def test_a_repeated_run_has_the_last_word_on_each_name(desk: Desk) -> None:
    desk.put("output/fox.png", png(1, 1))
    desk.put("output/fox_2.png", png(2, 2))
    desk.executed("9", FOX)

    (stored,) = desk.finish(_9=[{**FOX, "filename": "fox_2.png"}])

    assert stored.width == 2
    assert desk.store.all("0_9.png")[-1].data == png(2, 2)


def test_a_file_that_was_gone_at_first_is_asked_for_again(desk: Desk) -> None:
    desk.executed("9", FOX)
    _, future = desk.delivery._begun["0_9"]
    with pytest.raises(JobFailed):
        future.result(10)

    desk.put("output/fox.png", png())

    assert [output.name for output in desk.finish(_9=[FOX])] == ["0_9.png"]


def test_a_store_that_refused_a_file_is_not_asked_twice(desk: Desk) -> None:
    desk.put("output/fox.png", png())
    desk.store.answers.queue = {"/outputs/": [403]}
    desk.executed("9", FOX)

    assert desk.failure(_9=[FOX]).kind is Kind.UPLOAD_FAILED
    assert desk.store.stored == []


def test_files_beyond_the_limit_are_neither_begun_nor_delivered(desk: Desk) -> None:
    files = []
    for number in range(5):
        desk.put(f"output/{number}.png", png())
        files.append({**FOX, "filename": f"{number}.png"})
    desk.executed("4", *files)
    desk.executed("9", *files)
    for _, early in desk.delivery._begun.values():
        early.result(10)  # `finish` doesn't wait for what it does not deliver

    outputs = desk.finish(_9=files, _4=files)

    assert [output.name for output in outputs] == ["0_9.png", "0_9_1.png", "0_9_2.png"]
    assert len(desk.store.stored) == 6  # three early ones of the second node, then the first's


def test_a_file_in_a_subfolder_is_read_from_the_disk(desk: Desk) -> None:
    desk.put("output/a/b/fox.png", png(3, 4))

    (stored,) = desk.finish(_9=[{**FOX, "subfolder": "a/b"}])

    assert (stored.width, stored.height) == (3, 4)


@pytest.mark.parametrize(
    "hostile",
    [
        {**FOX, "subfolder": ".."},
        {**FOX, "subfolder": "../.."},
        {**FOX, "subfolder": "a/../../input"},
        {**FOX, "subfolder": "/etc", "filename": "passwd"},
        {**FOX, "filename": "/etc/passwd"},
        {**FOX, "filename": "../secret"},
        {**FOX, "filename": "../not-there"},
        {**FOX, "filename": "link"},
        {**FOX, "filename": "loop"},
        {**FOX, "subfolder": "linked", "filename": "secret"},
        {**FOX, "filename": "pipe"},
        {**FOX, "filename": "."},
        {**FOX, "filename": "fox\x00.png"},
        {**FOX, "filename": "x" * 5000},
        {**FOX, "type": "../output"},
        {**FOX, "type": "/"},
    ],
)
def test_a_name_that_leads_out_of_the_engines_folders_is_refused(
    desk: Desk, hostile: dict[str, str]
) -> None:
    desk.put("secret", b"key")
    desk.put("input/fox.png", png())
    desk.put("fox.png", png())
    output = desk.folder / "output"
    (output / "a").mkdir()
    (output / "link").symlink_to(desk.folder / "secret")
    (output / "loop").symlink_to(output / "loop")
    (output / "linked").symlink_to(desk.folder)
    os.mkfifo(output / "pipe")

    failure = desk.failure(_9=[hostile])

    assert failure.kind is Kind.EXECUTION_FAILED
    assert "no file in the engine's folders" in failure.message
    assert desk.store.stored == []


def test_a_file_that_is_not_on_the_disk_is_asked_of_the_engine(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("output", "temp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(bench.deps.engine, "_scratch", tmp_path)  # an engine that writes elsewhere

    assert bench.run().status == "succeeded"


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    path = desk.put("output/fox.png", b"")
    os.truncate(path, 1 << 40)

    assert "limit of 1048576 bytes" in desk.failure(_9=[FOX]).message


def test_a_cancelled_job_stops_an_upload_that_is_on_its_way(
    desk: Desk, loop_thread: LoopThread
) -> None:
    desk.put("output/fox.png", png())
    go_on = desk.store.held["/outputs/"] = asyncio.Event()
    desk.executed("9", FOX)
    wait_for(lambda: bool(desk.store.tries))
    desk.cancelled.set()

    failure = desk.failure(_9=[FOX])

    assert failure.kind is Kind.INTERRUPTED
    loop_thread.loop.call_soon_threadsafe(go_on.set)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_store_that_never_answers_ends_the_job_with_a_reason(
    desk: Desk, loop_thread: LoopThread, stopped: bool
) -> None:
    desk.put("output/fox.png", png())
    go_on = desk.store.held["/outputs/"] = asyncio.Event()
    desk.executed("9", FOX)
    wait_for(lambda: bool(desk.store.tries))
    if stopped:  # the worker is told to stop: it does not wait for the job's own deadline
        desk.stop.set()
    ticks = iter([0.0, 0.0, 0.0])
    desk.delivery._clock = lambda: next(ticks, 11.0 if stopped else 61.0)

    failure = desk.failure(_9=[FOX])

    assert failure.kind is Kind.UPLOAD_FAILED
    assert "within the job's time" in failure.message
    loop_thread.loop.call_soon_threadsafe(go_on.set)


def test_a_closed_delivery_stores_nothing_more(desk: Desk) -> None:
    desk.put("output/fox.png", png())
    desk.delivery.close()
    desk.executed("9", FOX)
    _, future = desk.delivery._begun["0_9"]

    with pytest.raises(JobFailed, match="ended before"):
        future.result(10)
    assert desk.store.stored == []


@pytest.mark.parametrize(
    "event",
    [
        Message("executed", {}),
        Message("executed", {"node": "9", "output": None}),
        Message("executed", {"node": None, "output": {"images": [FOX]}}),
        Message("executed", {"node": "7", "output": {"images": [FOX]}}),
        Message("executing", {"node": "9"}),
    ],
)
def test_an_event_that_brings_no_file_begins_nothing(desk: Desk, event: Message) -> None:
    desk.delivery.see(event)

    assert desk.delivery._begun == {}


def test_the_request_is_in_the_file_that_is_stored_and_its_sum_is_of_that(
    desk: Desk, tmp_path: Path
) -> None:
    desk.put("output/fox.png", png())
    request = {"prompt": "a red fox", "seed": 7}
    desk.begin(metadata=request)

    (stored,) = desk.finish(_9=[FOX])

    (item,) = desk.store.stored
    assert (len(item.data), hashlib.sha256(item.data).hexdigest()) == (stored.bytes, stored.sha256)
    (tmp_path / "copy").write_bytes(item.data)
    assert metadata.read(tmp_path / "copy") == request


def test_a_file_that_only_fits_without_its_request_is_stored_without(desk: Desk) -> None:
    desk.put("output/fox.png", png())
    desk.begin(metadata={"prompt": "a red fox"}, limits={"max_output_bytes": len(png())})

    desk.finish(_9=[FOX])

    assert desk.store.stored[0].data == png()


def test_a_request_that_fits_nowhere_is_left_out(desk: Desk) -> None:
    desk.put("output/fox.png", png())
    desk.begin(metadata={"prompt": "x" * metadata.MAX_BYTES})

    desk.finish(_9=[FOX])

    assert desk.store.stored[0].data == png()


def test_a_text_is_a_file_whatever_is_in_it(desk: Desk) -> None:
    outputs = {"9": {"text": ["a fox \ud800"]}}

    (stored,) = desk.delivery.finish(outputs, 60.0, desk.stop)

    assert (stored.name, stored.content_type) == ("0_9.txt", "text/plain; charset=utf-8")
    assert (stored.width, stored.height) == (None, None)


def test_models_are_looked_after_before_the_graph_runs(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    seen: list[Any] = []

    def ensure(graph: Any, deadline: float, stop: Event, words: object) -> None:
        assert bench.comfy.seen.prompts == []
        seen.append((graph, stop))

    figures = {"ready_s": 1.5, "warm_up_s": None, "jobs_before": 0}
    object.__setattr__(bench.deps, "models", SimpleNamespace(ensure=ensure))
    object.__setattr__(bench.deps, "start", SimpleNamespace(document=lambda: figures))

    bench.run()

    document = bench.result_document()
    jsonschema.validate(document, RESULT_SCHEMA)
    assert seen == [(bench.comfy.graph, bench.stop)]
    assert document["start"] == figures
    assert document["timings"]["models_s"] <= document["timings"]["engine_s"]

"""Runs jobs under faults: each ends right, or with a reason before its deadline, exactly once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gpu_container.worker.comfy.client import Comfy, Patience
from gpu_container.worker.comfy.retry import GraphRunner
from gpu_container.worker.result import JobResult
from tests.worker.conftest import Bench, png
from tests.worker.fake_comfy import FakeComfy

QUICK = Patience(history_every_s=0.05, unreachable_s=0.1, leave_s=0.2, stuck_s=0.3)
ON_THE_WIRE = Patience(history_every_s=0.05, unreachable_s=1.0, leave_s=0.2)  # HTTP still answers
LIMIT_S = 10.0


class FaultRun:
    """Runs one job under one fault and notes how it ended."""

    def __init__(self, make_bench: Callable[..., Bench], counts: Counter[tuple[str, str]]) -> None:
        self._make_bench = make_bench
        self._counts = counts

    def job(
        self,
        fault: str,
        engine: Any,
        comfy: FakeComfy,
        *,
        patience: Patience = QUICK,
        timeout_s: float = LIMIT_S,
        **parts: Any,
    ) -> JobResult:
        """Return how the job ended; it has one result, last of all, and in time.

        `parts` take the place of the worker's own.
        """
        bench = self._make_bench(engine)
        bench.comfy = comfy
        runner = GraphRunner(Comfy(engine, patience=patience), engine)
        bench.deps = replace(bench.deps, comfy=runner, **parts)
        bench.store.inputs["photo"] = png()
        url = bench.store.input_url("photo")
        made = next(node for node, it in comfy.graph.items() if it["class_type"] == "SaveImage")
        entry = {"node": made, "input": "filename_prefix", "url": url, "max_bytes": 10_000}
        begun = time.monotonic()

        result = bench.run(inputs=[entry], outputs=[made], limits={"timeout_s": timeout_s})

        assert time.monotonic() - begun < LIMIT_S
        assert result.status == "succeeded" or (result.failure and result.failure.message)
        self._look_into_the_store(bench, result, next(iter(comfy.files.values())))
        self._counts[fault, "right" if result.status == "succeeded" else "reason"] += 1
        return result

    def _look_into_the_store(self, bench: Bench, result: JobResult, picture: bytes) -> None:
        """A file whose answer was lost is stored again: to a store that is still one file."""
        documents = {item.data for item in bench.store.all("result.json")}
        if not documents:
            assert result.failure is not None
            assert result.failure.kind == "upload_failed"
            return
        assert len(documents) == 1
        assert bench.store.keys()[-1].endswith("/result.json")
        if result.status == "succeeded":
            assert bench.store.document("result.json") == result.document()
            assert {item.data for item in bench.store.all("/outputs/")} == {picture}

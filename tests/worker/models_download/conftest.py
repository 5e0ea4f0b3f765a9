"""A place that has a model, a clock that is made up, and a model brought from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_container.worker.models.declared import Model, Web
from gpu_container.worker.models.download import Watch, bring
from gpu_container.worker.models.http_source import HttpSource
from tests.worker.model_server import FakeTime, ModelServer, model_server

FINAL = "checkpoints/a.safetensors"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as place:
        yield place


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def fetch(model: Model, folder: Path, time: FakeTime | None = None, **watch: Any) -> bool:
    time = time or FakeTime()
    assert isinstance(model.source, Web)
    patience = Watch(sleep=time.sleep, clock=time.clock, **watch)
    return bring(model, HttpSource(model.source.url), folder, patience)

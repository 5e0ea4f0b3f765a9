"""Which engine the suites that need one ask: the local stand-in, or a real ComfyUI.

COMFYUI_URL names a ComfyUI that runs. COMFYUI_COMMAND, as in the container, starts one that the
tests may kill. COMFYUI_CHECKPOINT names a checkpoint that it has. `make test-comfyui` sets all up.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gpu_container.worker.comfy.engine import Engine
from tests.local.comfy_questions import CHECKPOINT

URL = os.environ.get("COMFYUI_URL", "").rstrip("/")
COMMAND = os.environ.get("COMFYUI_COMMAND", "")
IS_REAL = bool(URL)
PATIENCE_S = 240.0 if IS_REAL else 20.0  # a real engine is slow


@contextmanager
def engine_under_test(step_seconds: float, *, to_kill: bool = False) -> Iterator[Engine]:
    """Give an engine, which is started when it is first waited for; ends it if it is ours."""
    if IS_REAL and not to_kill:
        engine = Engine(url=URL)
    elif IS_REAL and not COMMAND:
        pytest.skip("COMFYUI_COMMAND is not set: nobody may kill the ComfyUI at COMFYUI_URL")
    else:
        engine = Engine(command=COMMAND if IS_REAL else _stand_in(step_seconds))
    yield engine
    engine.stop()


def with_its_checkpoint(graph: dict[str, Any]) -> dict[str, Any]:
    """Name the checkpoint that the engine has."""
    for node in graph.values():
        if node["inputs"].get("ckpt_name") == CHECKPOINT:
            node["inputs"]["ckpt_name"] = os.environ.get("COMFYUI_CHECKPOINT", CHECKPOINT)
    return graph


def _stand_in(step_seconds: float) -> str:
    program = f"{shlex.quote(sys.executable)} -m local.engine --port {{port}} --base-dir {{dir}}"
    return f"{program} --step-seconds {step_seconds}"

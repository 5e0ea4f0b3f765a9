"""A worker is warm before it says that it is ready: a real process with an engine of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.worker.conftest import Bench
from tests.worker.fake_comfy import graph_of
from tests.worker.process import door, ping, wait_for
from tests.worker.test_serve_sagemaker import environment, free_port, invoke

LACKING = """
[[model]]
name = "lacking.safetensors"
folder = "checkpoints"
size = 7
sha256 = "{hash}"
licence = "MIT"
source = {{ https = "https://example.com/lacking" }}
"""


def test_the_time_line_of_the_start_has_the_warm_up_and_nothing_was_fetched(
    tmp_path: Path, bench: Bench
) -> None:
    graph = graph_of("run_txt2img")
    recipes, models = tmp_path / "recipes", tmp_path / "models"
    recipes.mkdir()
    (models / "checkpoints").mkdir(parents=True)
    (recipes / "here.json").write_text(json.dumps(graph))
    graph["4"]["inputs"]["ckpt_name"] = "lacking.safetensors"
    (recipes / "lacking.json").write_text(json.dumps(graph))
    (tmp_path / "models.toml").write_text(LACKING.format(hash="0" * 64))
    engine = f"{sys.executable} -m local.engine --port {{port}} --base-dir {{dir}}"
    port = free_port()
    variables = {
        "COMFYUI_COMMAND": f"{engine} --step-seconds 0.01",
        "STORE_ORIGINS": bench.store.origin,
        "WARM_UP": str(recipes),
        "MODELS_FOLDER": str(models),
        "MODELS_FILE": str(tmp_path / "models.toml"),
    }

    with door("serve_sagemaker", environment(port, **variables)) as process:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: ping(address) == 200, 60)
        start = invoke(address, bench.job()).json()["start"]
        process.terminate()
        said, _ = process.communicate(timeout=30)

    assert 0 < start["warm_up_s"] < start["ready_s"]
    assert start["jobs_before"] == 0
    assert "warmed up with here in" in said
    assert "no warm-up with lacking: checkpoints/lacking.safetensors is not here" in said
    assert not list((models / "checkpoints").iterdir())

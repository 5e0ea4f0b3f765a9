"""`distillery workflow` as it is typed."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from distillery.recipe_files import load_recipes
from local import cli, workflow_command
from tests.local.workflow_import.graphs.cases import CASES
from tests.local.workflow_import.graphs.parts import Document, checkpoint, node, plain, sampler

ROOT = Path(__file__).parents[3]
LOCK = """
[comfyui]
repository = "https://github.com/comfyanonymous/ComfyUI"

[[custom_nodes]]
name = "ComfyUI-VideoHelperSuite"
repository = "https://github.com/Kosinkadink/ComfyUI-VideoHelperSuite"
license = "GPL-3.0-only"
nodes = ["VHS_VideoCombine"]
"""
MODELS = """
[[model]]
name = "v1-5-pruned-emaonly.safetensors"
folder = "checkpoints"
licence = "CreativeML Open RAIL-M"
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
    return tmp_path / "workflows"


@pytest.fixture
def run(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.delenv("COMFYUI_URL", raising=False)
    (tmp_path / "custom_nodes.lock.toml").write_text(LOCK)
    (tmp_path / "models.toml").write_text(MODELS)
    monkeypatch.setattr(workflow_command, "LOCK_FILE", tmp_path / "custom_nodes.lock.toml")
    monkeypatch.setattr(workflow_command, "MODELS_FILE", tmp_path / "models.toml")

    def type_in(*words: str | Path) -> tuple[int, str, str]:
        line = ["distillery", "workflow", *map(str, words), "--folder", str(folder)]
        monkeypatch.setattr(sys, "argv", line)
        status = cli.main()
        said = capsys.readouterr()
        return status, said.out, said.err

    return type_in


@pytest.fixture
def export(tmp_path: Path) -> Callable[[Document], Path]:
    def write(graph: Document) -> Path:
        path = tmp_path / "My Fox.json"
        path.write_text(json.dumps(graph))
        return path

    return write


Export = Callable[[Document], Path]


@pytest.fixture
def comfyui() -> Iterator[tuple[str, dict[str, Any]]]:
    """A ComfyUI that answers `said["body"]` to whatever it is asked."""
    said: dict[str, Any] = {"body": b"{}", "status": 200, "paths": []}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said["paths"].append(self.path)
            self.send_response(said["status"])
            self.end_headers()
            self.wfile.write(said["body"])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", said
        server.shutdown()
        thread.join()


def object_info(**changed: Document) -> bytes:
    kinds = {entry["class_type"] for entry in plain().values()}
    nodes: Document = {kind: {"input": {"required": {}}} for kind in kinds}
    nodes["SaveImage"] = {"output_node": True}
    return json.dumps(nodes | changed).encode()


def test_a_workflow_is_added_beside_the_others(run: Run, export: Export, folder: Path) -> None:
    status, said, _ = run("add", export(plain()), "--yes")
    assert status == 0 and "my_fox: 10 options" in said
    assert "Node 6 'CLIP Text Encode (Prompt)' is titled 'Prompt'" in said
    assert "my_fox" in load_recipes(folder)
    assert "[options.prompt]" in (folder / "my_fox" / "manifest.toml").read_text()


def test_the_first_workflow_of_a_folder_is_its_default(
    run: Run, export: Export, folder: Path
) -> None:
    shutil.rmtree(folder)
    assert run("add", export(plain()), "--yes")[0] == 0
    assert load_recipes(folder)["my_fox"].default


def test_nothing_is_written_without_a_yes(
    run: Run, export: Export, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said, _ = run("add", export(plain()))
    assert status == 1 and "Nothing was written" in said
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert run("add", export(plain()))[0] == 1
    assert not (folder / "my_fox").exists()
    monkeypatch.setattr("builtins.input", lambda _: "Y")
    assert run("add", export(plain()))[0] == 0
    assert (folder / "my_fox" / "graph.json").exists()


@pytest.mark.parametrize("name", ["../fox", "Fox", ".fox", "a/b"])
def test_a_folder_of_another_shape_is_refused(
    run: Run, export: Export, folder: Path, name: str
) -> None:
    before = sorted(folder.parent.rglob("*"))
    status, _, wrong = run("add", export(plain()), "--yes", "--name", name)
    assert status == 2 and wrong
    assert not [
        path
        for path in folder.parent.rglob("*")
        if path not in [*before, folder.parent / "My Fox.json"]
    ]


def test_a_workflow_that_is_there_is_not_written_over(run: Run, export: Export) -> None:
    status, _, wrong = run("add", export(plain()), "--yes", "--name", "sdxl_text_to_image")
    assert status == 2 and "is there already" in wrong


def test_a_file_of_the_editor_is_refused_in_a_sentence(run: Run, export: Export) -> None:
    status, said, wrong = run("add", export({"nodes": [], "links": [], "version": 0.4}), "--yes")
    assert status == 2 and not said and "File > Export (API)" in wrong


def test_a_file_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    status, _, wrong = run("add", tmp_path / "none.json")
    assert status == 2 and "cannot be read: No such file" in wrong


def test_the_workflows_of_this_repository_have_all_they_need(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow_command, "MODELS_FILE", ROOT / "gpu_container" / "models.toml")
    lock_file = ROOT / "gpu_container" / "custom_nodes.lock.toml"
    monkeypatch.setattr(workflow_command, "LOCK_FILE", lock_file)
    status, said, _ = run("check")
    assert status == 0 and "sdxl_text_to_image: 12 here, 0 missing" in said
    assert "licence CreativeML Open RAIL++-M" in said
    assert "no ComfyUI was asked" in said


def test_what_a_graph_lacks_is_told_and_fails(run: Run, export: Export) -> None:
    graph = CASES["animate_diff"].graph
    status, said, _ = run("check", export(graph))
    assert status == 1
    assert "missing node ADE_AnimateDiffLoaderGen1: neither ComfyUI itself nor a pack" in said
    assert "missing model animatediff_models/mm_sd_v15_v2.ckpt: models.toml does not" in said
    assert "node VHS_VideoCombine: licence GPL-3.0-only" in said


def test_machines_get_one_json_object(run: Run, export: Export) -> None:
    file = export(plain(**{"4": checkpoint("other.ckpt")}))
    status, said, _ = run("check", file, "sdxl_text_to_image", "--json")
    document = json.loads(said)
    assert status == 1 and document["ok"] is False
    needs = document["workflows"][0]["needs"]
    missing = [need for need in needs if need["missing"]]
    assert [need["name"] for need in missing] == ["checkpoints/other.ckpt"]
    assert {
        "kind": "node",
        "name": "KSampler",
        "source": "ComfyUI",
        "licence": "",
        "missing": "",
    } in needs


def test_a_refused_file_does_not_hide_the_others(run: Run, export: Export) -> None:
    status, said, _ = run("check", export({"nodes": []}), "sdxl_text_to_image", "--json")
    refused, _ = sorted(json.loads(said)["workflows"], key=lambda each: "needs" in each)
    assert status == 2 and "File > Export (API)" in refused["refused"]


def test_a_name_nobody_has_is_told_with_those_there_are(run: Run) -> None:
    status, _, wrong = run("check", "fox")
    assert status == 2 and "there are: flux_text_to_image, " in wrong and "upscale" in wrong


@pytest.mark.parametrize(
    "text", [None, "not = [toml", "[[custom_nodes]]\nname = 'A'\nrepository = 'x/A'"]
)
def test_a_lock_file_that_says_little_is_told(
    run: Run, export: Export, tmp_path: Path, text: str | None
) -> None:
    for name in ("custom_nodes.lock.toml", "models.toml"):
        (tmp_path / name).unlink()
        if text:
            (tmp_path / name).write_text(text)
    status, said, _ = run("check", export(plain()))
    assert status == 1 and "assumed" in said


def test_a_model_declared_in_another_folder_is_told(
    run: Run, export: Export, tmp_path: Path
) -> None:
    (tmp_path / "models.toml").write_text(MODELS.replace('"checkpoints"', '"loras"'))
    status, said, _ = run("check", export(plain()))
    assert status == 1 and "models.toml puts it into loras; say checkpoints there" in said


def test_a_model_named_as_on_windows_is_told(run: Run, export: Export) -> None:
    graph = plain(**{"4": checkpoint("sd\\v1-5-pruned-emaonly.safetensors")})
    status, said, _ = run("check", export(graph))
    assert status == 1 and "named as on Windows" in said


def test_a_comfyui_is_asked_for_nodes_models_and_choices(
    run: Run, export: Export, comfyui: tuple[str, dict[str, Any]]
) -> None:
    url, said = comfyui
    combos = {"sampler_name": [["heun"]], "scheduler": ["COMBO", {"options": ["normal"]}]}
    said["body"] = object_info(
        KSampler={"input": {"required": combos}},
        CheckpointLoaderSimple={"input": {"required": {"ckpt_name": [["other.safetensors"]]}}},
    )
    graph = plain(**{"6": node("OddEncode", None, text="a fox", clip="@4.1")})
    status, told, _ = run("check", export(graph), "--comfyui-url", url)
    assert status == 1 and said["paths"] == ["/object_info"]
    assert "missing node OddEncode: the ComfyUI at" in told
    assert "emaonly.safetensors: the ComfyUI at" in told and "does not offer it" in told
    assert "missing value sampler_name = euler: the node offers heun" in told
    assert "scheduler" not in told


def test_the_address_of_a_comfyui_may_be_in_the_environment(
    run: Run, export: Export, comfyui: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, said = comfyui
    said["body"] = object_info(
        KSampler={"input": {"required": {"steps": ["INT", {"min": 1, "max": 30}]}}}
    )
    monkeypatch.setenv("COMFYUI_URL", url)
    status, told, _ = run("add", export(plain(**{"3": sampler(steps=25)})), "--yes")
    assert status == 0 and f"bounds from the ComfyUI at {url}" in told


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (200, b"[]"), (500, b"{}"), (200, b"[" * 200_000)]
)
def test_whatever_else_answers_is_told(
    run: Run,
    export: Export,
    comfyui: tuple[str, dict[str, Any]],
    status: int,
    body: bytes,
) -> None:
    url, said = comfyui
    said |= {"status": status, "body": body}
    answer, _, wrong = run("add", export(plain()), "--comfyui-url", url)
    assert answer == 2 and "ComfyUI" in wrong and "Traceback" not in wrong


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense", "http://127.0.0.1:1"])
def test_an_address_of_no_comfyui_is_told(run: Run, export: Export, url: str) -> None:
    status, _, wrong = run("check", export(plain()), "--comfyui-url", url)
    assert status == 2 and "ComfyUI" in wrong

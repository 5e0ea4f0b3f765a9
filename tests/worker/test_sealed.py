"""ComfyUI's nodes run as the worker's user, and cannot read its keys out of /proc all the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.worker.conftest import png
from tests.worker.fake_comfy import FakeComfy
from tests.worker.fake_runpod import FakeRunpod
from tests.worker.loop_thread import LoopThread
from tests.worker.process import ROOT, ping, wait_for
from tests.worker.test_image_entrypoint import script
from tests.worker.test_serve_sagemaker import environment, free_port

DOCKERFILE = (ROOT / "gpu_container" / "Dockerfile").read_text()
MODES = [int(mode, 8) for mode in re.findall(r"chmod (0[0-7]{3}) ", DOCKERFILE)]
READABLE = 0o555
A_USER = () if os.geteuid() else ("unshare", "--user", "--map-user=10001", "--map-group=10001")
"""Root reads everything. In a user namespace of its own it is a user like any other."""
BOTH = """
look=$1 secret=$2; shift 2
"$@" > /dev/null 2>&1 &
read now
"$0" -c "$look" "$secret"
kill $!
wait
"""
LOOK = """
import glob, sys
for place in glob.glob("/proc/[0-9]*/environ"):
    try:
        with open(place, "rb") as file:
            found = sys.argv[1].encode() in file.read()
        with open(place.replace("environ", "cmdline"), "rb") as file:
            command = file.read().replace(bytes(1), b" ").decode()
    except OSError:
        continue
    if found:
        print(command)
"""


@pytest.fixture(autouse=True, scope="module")
def somebody() -> None:
    if sys.platform != "linux":
        pytest.skip("the image runs on Linux, and so does /proc")
    done = subprocess.run([*A_USER, "true"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("root reads everything, and may not become another user here")


@pytest.fixture(scope="module")
def comfy(loop_thread: LoopThread) -> Iterator[FakeComfy]:
    fake = FakeComfy(loop_thread)
    fake.files["output//rec_00001_.png"] = png()
    yield fake
    fake.close()


@contextmanager
def container(mode: int, door: str, variables: dict[str, str]) -> Iterator[Callable[[], list[str]]]:
    """Start the image's processes: one that waits for the worker, as tini does, and the worker.

    Programs of both have `mode`. Call what is yielded for the commands in whose environment another
    process of the same user finds what `variables` hold as HF_TOKEN.
    """
    folder = Path(tempfile.mkdtemp())
    for name, program in (("timeout", shutil.which("timeout")), ("python", sys.executable)):
        assert program is not None
        shutil.copy(Path(program).resolve(), folder / name)
        (folder / name).chmod(mode)
    venv = folder / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(folder / "python")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", venv)
    (venv / "lib").symlink_to(Path(sys.prefix) / "lib")
    variables = {
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib",
        **variables,
    }
    process = subprocess.Popen(
        [
            *(*A_USER, "/bin/sh", "-c", BOTH, sys.executable, LOOK, variables["HF_TOKEN"]),
            *("/usr/bin/env", *(f"{name}={value}" for name, value in variables.items())),
            *(folder / "timeout", "60", "/bin/sh", script(folder), door),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def look() -> list[str]:
        told, _ = process.communicate("now\n", timeout=60)
        return told.splitlines()

    try:
        yield look
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def test_no_program_that_has_the_keys_can_be_read_by_the_user_of_the_image() -> None:
    assert len(MODES) == 2
    assert {mode & 0o444 for mode in MODES} == {0}
    assert '["/usr/bin/env", "/usr/bin/tini", ' in DOCKERFILE


@pytest.mark.parametrize("mode", [*sorted(set(MODES)), READABLE])
def test_a_node_finds_no_key_in_a_worker_of_sagemaker(mode: int, comfy: FakeComfy) -> None:
    port, secret = free_port(), uuid.uuid4().hex
    variables = environment(port, COMFYUI_URL=comfy.url, HF_TOKEN=secret)
    with container(mode, "serve", variables) as look:
        wait_for(lambda: ping(f"http://127.0.0.1:{port}") == 200)

        found = look()

    assert bool(found) is (mode == READABLE)
    if mode == READABLE:
        assert any("timeout" in command for command in found)
        assert any("serve_sagemaker" in command for command in found)


@pytest.mark.parametrize("mode", [*sorted(set(MODES)), READABLE])
def test_a_node_finds_no_key_in_a_worker_of_runpod_or_its_heartbeat(
    mode: int, comfy: FakeComfy, loop_thread: LoopThread
) -> None:
    runpod, secret = FakeRunpod(loop_thread), uuid.uuid4().hex
    variables = {**runpod.environment(), "COMFYUI_URL": comfy.url, "HF_TOKEN": secret}
    with container(mode, "runpod", variables) as look:
        wait_for(lambda: bool(runpod.pings))

        found = look()
    runpod.close()

    assert bool(found) is (mode == READABLE)
    if mode == READABLE:
        assert any("serve_runpod" in command for command in found)
        assert any("multiprocessing.spawn" in command for command in found)

"""No worker, and nothing a worker has started, outlives the cloud: however either of them ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.local.gpu_cloud.gpu_cloud_kit import StartCloud, is_alive
from tests.until import eventually

# Starts a child in a session of its own, writes both pids, and does not listen to SIGTERM.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
with open("pids.part", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename("pids.part", "pids")
if len(sys.argv) > 1:
    sys.exit()
time.sleep(600)
"""
STUBBORN_WORKER = [sys.executable, "-S", "-c", STUBBORN]

# A cloud in little: one worker, and then this process is killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from local.gpu_cloud.settings import GpuCloudSettings
from local.gpu_cloud.worker_process import running_worker
settings = GpuCloudSettings(
    runpod=None, sagemaker=None, log_folder=Path.cwd(), worker_folder=Path.cwd(), stop_grace_s=0.1
)
async def main():
    async with running_worker("worker", sys.argv[1:], {}, settings) as worker:
        await worker.wait()
asyncio.run(main())
"""


async def pids_in(folder: Path) -> list[int]:
    file = folder / "pids"
    await eventually(file.exists)
    pids = [int(pid) for pid in file.read_text().split()]
    assert all(is_alive(pid) for pid in pids[:1])
    return pids


async def all_end(pids: list[int]) -> None:
    await eventually(lambda: not any(is_alive(pid) for pid in pids))


async def test_a_stubborn_worker_and_its_children_end_with_the_cloud(
    start_cloud: StartCloud, tmp_path: Path
) -> None:
    cloud = await start_cloud(runpod={"worker_command": STUBBORN_WORKER}, stop_grace_s=0.1)
    await cloud.runpod("run", {"input": {}})
    pids = await pids_in(tmp_path)

    assert cloud.runner is not None
    await cloud.runner.cleanup()

    assert not any(is_alive(pid) for pid in pids)


async def test_the_cloud_can_end_while_calls_wait_for_an_answer(start_cloud: StartCloud) -> None:
    cloud = await start_cloud()
    waiting = asyncio.create_task(cloud.runpod("runsync", {"input": {"do": "hang"}}))

    async def is_running() -> bool:
        return (await cloud.health())["jobs"]["inProgress"] == 1

    await eventually(is_running)

    assert cloud.runner is not None
    async with asyncio.timeout(30):  # a call may wait for an answer three times as long
        await cloud.runner.cleanup()
    assert (await waiting)["status"] in {"IN_PROGRESS", "IN_QUEUE"}


async def test_a_worker_and_its_children_end_when_the_cloud_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, *STUBBORN_WORKER),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    pids = await pids_in(tmp_path)

    parent.kill()
    await parent.wait()

    await all_end(pids)


async def test_a_worker_ends_when_its_leash_is_killed(
    start_cloud: StartCloud, tmp_path: Path
) -> None:
    cloud = await start_cloud(runpod={"worker_command": STUBBORN_WORKER}, stop_grace_s=0.1)
    await cloud.runpod("run", {"input": {}})
    pids = await pids_in(tmp_path)
    leash = int(Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[1])

    os.kill(leash, signal.SIGKILL)

    await all_end(pids[:1])
    os.kill(pids[1], signal.SIGKILL)  # in a session of its own, it was the leash's to find


async def test_what_a_worker_leaves_behind_ends_with_it(
    start_cloud: StartCloud, tmp_path: Path
) -> None:
    command = [*STUBBORN_WORKER, "leave"]
    cloud = await start_cloud(runpod={"worker_command": command}, stop_grace_s=0.1)
    await cloud.runpod("run", {"input": {}})
    file = tmp_path / "pids"
    await eventually(file.exists)

    await all_end([int(pid) for pid in file.read_text().split()])

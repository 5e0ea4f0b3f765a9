"""The supervisor: one cloud at a time, and nothing of it stays behind, however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.identity import PortTaken, identity
from local.lock import AlreadyRunning, Lock
from local.processes import CommandFailed, free_port, run, write_privately
from local.supervisor import down, status, up
from tests.until import ANSWER_S, until

ROOT = Path(__file__).parents[2]
UP = "import sys; from pathlib import Path; from local import supervisor; " + (
    "raise SystemExit(supervisor.up(0, folder=Path(sys.argv[1])))"
)
HOLD = "import sys; from pathlib import Path; from local.lock import Lock; " + (
    "lock = Lock(Path(sys.argv[1])).hold(); lock.__enter__(); print('held', flush=True); input()"
)


def processes_of(folder: Path) -> list[str]:
    """Command lines of every process that works in `folder`, zombies left out."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            told = words + (process / "environ").read_bytes()
        except OSError:
            continue
        if words and str(folder).encode() in told and int(process.name) != os.getpid():
            found.append(words.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of `tmp_path`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.cloud
def test_a_terminal_that_is_gone_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", UP, str(tmp_path / "cloud")], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.send_signal(signal.SIGHUP)

    process.wait(ANSWER_S)
    until(lambda: not processes_of(tmp_path), told=lambda: processes_of(tmp_path))


@pytest.mark.cloud
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Discord is up", signal.SIGINT),
        ("AWS is up", signal.SIGTERM),  # while the CDK bootstraps
        ("cdk bootstrap: done", signal.SIGHUP),  # while it synthesizes
        ("cdk synth: done", signal.SIGKILL),  # while it deploys
    ],
)
def test_nothing_stays_behind_when_it_is_ended_on_its_way_up(
    line: str, number: signal.Signals, tmp_path: Path
) -> None:
    log = tmp_path / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", UP, str(tmp_path / "cloud")], cwd=ROOT, stdout=output, stderr=2
        )

    until(lambda: line in log.read_text() or process.poll() is not None)
    process.send_signal(number)
    process.wait(ANSWER_S)

    until(lambda: not processes_of(tmp_path), told=lambda: processes_of(tmp_path))
    assert process.returncode == (-number if number == signal.SIGKILL else 0), log.read_text()
    assert not (tmp_path / "cloud" / "state.json").exists()


def test_a_second_cloud_says_where_the_first_one_is(
    tmp_path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"web_url": "http://127.0.0.1:1/"}))

    assert up(0, folder=tmp_path) == 1

    said = capsys.readouterr().err
    assert f"pid {holder.pid}, http://127.0.0.1:1/" in said
    assert said.count("\n") == 1


def test_a_port_of_another_program_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert up(port, folder=tmp_path) == 1

    assert capsys.readouterr().err == (
        f"port {port} is in use: choose another with --port, or leave it out\n"
    )


def test_down_ends_the_owner_and_is_content_when_there_is_none(
    tmp_path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert down(tmp_path) == 0
    assert holder.wait(ANSWER_S) == -signal.SIGTERM
    assert down(tmp_path) == 0
    assert capsys.readouterr().out == "the local cloud is down\nthe local cloud is not running\n"


def test_a_dead_owner_blocks_nobody(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    lock = Lock(tmp_path / "lock")
    with pytest.raises(AlreadyRunning), lock.hold():
        pass

    holder.kill()
    holder.wait()

    assert lock.owner() is None
    with lock.hold():
        pass


def test_status_tells_stopped_starting_and_ready_apart(
    tmp_path: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> tuple[int, str]:
        number = status(as_json=True, folder=tmp_path)
        return number, json.loads(capsys.readouterr().out)["status"]

    assert told() == (1, "starting")
    (tmp_path / "state.json").write_text(json.dumps({"web_url": "http://127.0.0.1:1/"}))
    assert told() == (0, "ready")
    holder.kill()
    holder.wait()
    assert told() == (1, "stopped")


def test_keys_and_ports_stay_the_same_from_one_start_to_the_next(tmp_path: Path) -> None:
    first, second = identity(tmp_path, 0), identity(tmp_path, 0)

    assert first == second
    assert len(bytes.fromhex(first.public_key)) == 32
    assert (tmp_path / "identity.json").stat().st_mode & 0o777 == 0o600


def test_a_port_that_was_taken_meanwhile_is_replaced_but_one_asked_for_is_not(
    tmp_path: Path,
) -> None:
    first = identity(tmp_path, 0)
    with socket.create_server(("127.0.0.1", first.page_port)):
        assert identity(tmp_path, 0).page_port != first.page_port
        with pytest.raises(PortTaken, match=str(first.page_port)):
            identity(tmp_path, first.page_port)


async def test_a_command_that_fails_shows_the_end_of_its_own_log(tmp_path: Path) -> None:
    log = tmp_path / "log" / "it.log"
    log.parent.mkdir()
    log.write_text("of an earlier command\n")
    command = [sys.executable, "-c", "raise SystemExit('rolled back\\nFailed resources: x')"]

    with pytest.raises(CommandFailed, match="Failed resources: x") as error:
        await run("it", command, env={}, log=log, cwd=tmp_path)

    assert "earlier" not in str(error.value)
    assert "rolled back" not in str(error.value)


def test_a_private_file_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret.json"

    write_privately(file, "1")
    write_privately(file, "2")

    assert file.read_text() == "2"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret.json"]


def test_a_free_port_is_the_wanted_one_when_nobody_has_it() -> None:
    port = free_port()

    assert free_port(port) == port
    with socket.create_server(("127.0.0.1", port)):
        assert free_port(port) != port

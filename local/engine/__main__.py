"""`python -m local.engine --port P`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from local.engine.engine import Engine
from local.engine.folders import Folders
from local.engine.server import build_app


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="local.engine", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--base-dir", type=Path, help="holds input, output and temp; kept")
    parser.add_argument("--step-seconds", type=float, default=0.05, help="time of a sampler step")
    parser.add_argument("--start-seconds", type=float, default=0.0, help="time until it answers")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="local-engine-") as scratch:
        asyncio.run(_serve(arguments, arguments.base_dir or Path(scratch)))


async def _serve(arguments: argparse.Namespace, base: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    folders = Folders(base)
    folders.make()
    runner = web.AppRunner(
        build_app(Engine(folders, arguments.step_seconds)), access_log=None, shutdown_timeout=1.0
    )
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), arguments.start_seconds)
        return  # ended before it had begun
    await runner.setup()
    try:
        await web.TCPSite(runner, arguments.host, arguments.port).start()
        host, port = runner.addresses[0][:2]
        print(f"engine ready on http://{host}:{port}", flush=True)
        await ended.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()

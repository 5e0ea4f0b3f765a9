"""A local cloud of its own in a folder, whose rooms reach AWS through a proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from local.chaos.aws_proxy import AwsProxy
from local.cloud import LocalCloud, Say, State
from local.identity import identity
from local.supervisor import temporary_files_in


def scratch(folder: Path) -> Path:
    """Return where the cloud of this folder has its temporary files."""
    return folder / "tmp"


@asynccontextmanager
async def proxied_cloud(folder: Path, seed: int, say: Say) -> AsyncIterator[tuple[State, AwsProxy]]:
    """Run it for as long as the block lasts; the line is good until somebody changes that.

    All its processes have their temporary files in `scratch(folder)`. Raises CommandFailed.
    """
    with temporary_files_in(scratch(folder)):
        who = await asyncio.to_thread(identity, folder, 0)
        proxy = AwsProxy(f"http://127.0.0.1:{who.aws_port}", seed)
        async with (
            proxy.listening(),
            LocalCloud(folder, who, say, rooms_aws_url=proxy.url).running() as state,
        ):
            yield state, proxy

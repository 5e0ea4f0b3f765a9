"""The embedded AWS: MiniStack in a process of its own, and the real `cdk deploy` into it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import botocore.session

from local.processes import CommandFailed, environment, run, running

if TYPE_CHECKING:
    from botocore.client import BaseClient

REPOSITORY = Path(__file__).parent.parent
REGION = "us-east-1"
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - the root key of every MiniStack
ACCOUNT = "000000000000"
_TOOLS = REPOSITORY / ".tools"
_MINISTACK = _TOOLS / "ministack" / "bin" / "python"
_CDK = _TOOLS / "cdk" / "node_modules" / ".bin" / "cdk"
_STACK = "Distillery"
_START_S = 30.0
SOURCES = (
    *("infra", "lambdas", "distillery", "workflows"),
    *("app.py", "cdk.json", "requirements.txt"),
)
"""What the cloud assembly is made from, besides its context, by its place in the repository."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The outputs of the stack."""

    interactions_url: str
    table: str
    bucket: str
    queue_url: str


class EmbeddedAws:
    """A running MiniStack at `endpoint_url`; everything it writes lies under `folder`."""

    def __init__(self, folder: Path, port: int, process: asyncio.subprocess.Process) -> None:
        self._folder = folder
        self.process = process
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self._env = environment(
            folder,
            AWS_ENDPOINT_URL=self.endpoint_url,
            AWS_ACCESS_KEY_ID=ACCESS_KEY,
            AWS_SECRET_ACCESS_KEY=SECRET_KEY,
            AWS_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
            CDK_DISABLE_CLI_TELEMETRY="true",
        )

    def client(self, service: str) -> BaseClient:
        """Make a client with the root key."""
        client: BaseClient = botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        return client

    def create_secrets(self, secrets: Mapping[str, str]) -> None:
        """Create the secrets that an operator would create by hand."""
        client: Any = self.client("ssm")
        for name, value in secrets.items():
            client.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)

    async def bootstrap(self) -> None:
        """`cdk bootstrap`; raises CommandFailed."""
        await self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")

    async def deploy(self, assembly: Path) -> Deployed:
        """`cdk deploy` of a cloud assembly; raises CommandFailed."""
        outputs = self._folder / "outputs.json"
        await self._cdk(
            *("deploy", _STACK, "--app", str(assembly), "--outputs-file", str(outputs)),
            *("--require-approval", "never", "--method", "direct", "--progress", "events"),
        )
        return self._deployed(json.loads(outputs.read_text())[_STACK])

    async def _cdk(self, *arguments: str) -> None:
        await run(
            f"cdk {arguments[0]}",
            [str(_CDK), "--no-notices", "--no-version-reporting", *arguments],
            env=self._env,
            log=self._folder / "log" / "cdk.log",
            cwd=self._folder,  # the repository's cdk.json is for the operator's own deployments
        )

    def _deployed(self, outputs: Mapping[str, str]) -> Deployed:
        return Deployed(
            interactions_url=served_url(self.endpoint_url, outputs["InteractionsUrl"]),
            table=outputs["TableName"],
            bucket=outputs["BucketName"],
            queue_url=outputs["QueueUrl"],
        )


def served_url(endpoint_url: str, url: str) -> str:
    """Where MiniStack serves an API: at a path of its own, not at the host that CDK writes."""
    host, _, path = url.partition("://")[2].partition("/")
    return f"{endpoint_url}/_aws/execute-api/{host.partition('.')[0]}/$default/{path}"


@asynccontextmanager
async def running_aws(
    folder: Path, port: int, rooms_url: str | None = None
) -> AsyncIterator[EmbeddedAws]:
    """Run MiniStack on 127.0.0.1 for as long as the block lasts.

    Its Lambdas reach AWS at `rooms_url`; None: at MiniStack itself.
    """
    log = folder / "log" / "ministack.log"
    env = environment(
        folder,
        AUTH="true",  # every Lambda has its own role's permissions and no others
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        MINISTACK_HOST="127.0.0.1",
        LAMBDA_WARM_TTL_SECONDS="60",  # what a burst has started goes soon after it
        **({"AWS_ENDPOINT_URL": rooms_url} if rooms_url else {}),  # every Lambda inherits it
    )
    async with running([str(_MINISTACK), "-m", "ministack"], env=env, log=log) as process:
        aws = EmbeddedAws(folder, port, process)
        await _ready(aws.endpoint_url, process, log)
        yield aws


async def synthesize(
    folder: Path, context: Mapping[str, str], repository: Path = REPOSITORY
) -> Path:
    """Return the cloud assembly of the local target; made anew only when its sources changed."""
    assembly = folder / "cdk.out"
    flags = json.loads((repository / "cdk.json").read_text())["context"]
    whole = json.dumps(flags | dict(context), sort_keys=True)
    key = _content_hash(whole, repository)
    stamp = assembly / "made-from"
    if not stamp.exists() or stamp.read_text() != key:
        stamp.unlink(missing_ok=True)
        ours = environment(
            folder,
            CDK_CONTEXT_JSON=whole,
            CDK_OUTDIR=str(assembly),
            CDK_VALIDATION="false",  # it would only warn, after two more seconds
        )
        await run(
            "cdk synth",
            [sys.executable, str(repository / "app.py")],
            # The CDK is unpacked into the person's own home, where it may be already, and its 40 MB
            # of Python are compiled once, or each synthesis takes 8 s longer.
            env={**ours, "HOME": os.environ.get("HOME", "/"), "PYTHONDONTWRITEBYTECODE": ""},
            log=folder / "log" / "cdk.log",
            cwd=repository,
        )
        _drop_old_bundles(assembly)
        stamp.write_text(key)
    return assembly


def _drop_old_bundles(assembly: Path) -> None:
    """The CDK keeps every bundle it ever made; keep those of the present sources."""
    manifest = json.loads((assembly / f"{_STACK}.assets.json").read_text())
    used = {file["source"]["path"] for file in manifest["files"].values()}
    for bundle in assembly.glob("asset.*"):
        if bundle.name not in used:
            shutil.rmtree(bundle, ignore_errors=True)


async def _ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    async with aiohttp.ClientSession() as http:
        while time.monotonic() < deadline and process.returncode is None:
            try:
                async with http.get(f"{url}/_ministack/health") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
    raise CommandFailed(f"MiniStack did not start; see {log}")


def python_version() -> str:
    """Return the version of MiniStack's Python, which runs the Lambdas: `3.13`.

    Raises CommandFailed when the embedded AWS or the CDK is not installed.
    """
    for tool in (_MINISTACK, _CDK):
        if not tool.exists():
            raise CommandFailed(f"{tool} is missing: make setup")
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.check_output([_MINISTACK, "-I", "-S", "-c", code], text=True).strip()


def _content_hash(context: str, repository: Path) -> str:
    digest = hashlib.sha256(context.encode())
    for path in _sources(repository):
        digest.update(str(path.relative_to(repository)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(repository: Path) -> Iterator[Path]:
    for name in SOURCES:
        root = repository / name
        paths = [root] if root.is_file() else sorted(root.rglob("*"))
        yield from (p for p in paths if p.is_file() and "__pycache__" not in p.parts)

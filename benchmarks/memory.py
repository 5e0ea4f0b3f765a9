"""How much memory each room needs, and what more of it buys: time, since memory buys CPU.

Each room runs under AWS's emulator with its deployed variables, on events of a local cloud. Its CPU
time is taken from the system, which no other load on this machine changes much; Lambda gives one
whole vCPU at 1,769 MB and less in proportion ("Configure Lambda function memory").
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import botocore.session
from nacl.signing import SigningKey

from benchmarks.bundles import write_bundle
from benchmarks.crowd import crowded_cloud
from benchmarks.figures import table
from benchmarks.interactions_room import REFUSED
from benchmarks.lambda_emulator import Emulator, emulated, install
from distillery.aws.job_record import to_item
from distillery.core.job import JobState
from distillery.core.keys import result_key
from infra.rooms import (
    CANARY,
    DEAD_LETTERS,
    DISPATCHER,
    FOLLOWUP,
    INTERACTIONS,
    REGISTER_COMMANDS,
    TELL_ALARMS,
    WATCHDOG,
    Room,
)
from local.aws import ACCESS_KEY, SECRET_KEY
from local.cloud import State
from local.job_table import jobs_since

_WHOLE_CPU_MB = 1769
_SIZES = (256, 512, 1024, 1769)
_WARM = 10
MEASURED = (
    *(WATCHDOG, FOLLOWUP, DEAD_LETTERS, DISPATCHER),
    *(REGISTER_COMMANDS, TELL_ALARMS, CANARY, INTERACTIONS),
)
"""In an order in which none meets what one before it has left."""
_ALARM = {
    "AlarmName": "Distillery-look-now",
    "AlarmDescription": "One of the alarms that cannot wait. See docs/operations.md#alarms",
    "NewStateValue": "ALARM",
    "NewStateReason": "Distillery-dead-letters is in ALARM",
    "OldStateValue": "OK",
}
_ASKED: Mapping[Room, dict[str, Any]] = {
    REGISTER_COMMANDS: {"RequestType": "Update"},
    TELL_ALARMS: {"Records": [{"Sns": {"MessageId": "1", "Message": json.dumps(_ALARM)}}]},
}
"""What rooms are called with that no job is about; a schedule tells nothing."""
_TICKS = os.sysconf("SC_CLK_TCK")
_LINE_MB = 1024


@dataclass(frozen=True, slots=True)
class _Used:
    """What one room took. CPU in seconds, memory in MB."""

    cold_cpu_s: float
    warm_cpu_s: float
    peak_mb: float


def measure() -> None:
    """Print a table: what each room used, and how long that is at each size."""
    install()
    used = asyncio.run(_measure())
    sizes = [f"{size} MB" for size in _SIZES]
    rows = [["room", "now MB", "peak MB", "cold CPU s", "warm CPU s", *sizes]]
    for room, took in used.items():
        times = [
            f"{took.cold_cpu_s * slower:.2f} / {took.warm_cpu_s * slower:.3f}"
            for slower in (max(1.0, _WHOLE_CPU_MB / size) for size in _SIZES)
        ]
        figures = [f"{took.peak_mb:.0f}", f"{took.cold_cpu_s:.2f}", f"{took.warm_cpu_s:.3f}"]
        rows.append([room.name, str(room.memory_mib), *figures, *times])
    table(rows)
    print("cold / warm: seconds of CPU stretched to that size's share of it; waiting is not in")


async def _measure() -> dict[Room, _Used]:
    async with crowded_cloud(1) as crowd:
        await crowd.ask(1, {"steps": "4"})
        bench = _Bench(crowd.state)
        return {room: await asyncio.to_thread(_used, room, bench) for room in MEASURED}


class _Bench:
    """One job of a local cloud that was done, and is put back to where a room begins."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.dynamodb = self.client("dynamodb")
        (self.job,) = jobs_since(self.dynamodb, state.table)
        self._numbers = count(1_500_000_000_000_000_000)

    def client(self, service: str) -> Any:
        return botocore.session.get_session().create_client(
            service,
            region_name=self.state.region,
            endpoint_url=self.state.aws_endpoint_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def event(self, room: Room) -> dict[str, Any]:
        """Return what a room is called with, for the work that it does most often."""
        if room is INTERACTIONS:
            return self._serve()
        if room is DISPATCHER:
            # The attempt was claimed once, so that the worker who gets it leaves it alone.
            again = {"state": JobState.QUEUED, "attempt": 0, "provider": None}
            self._put_back(**again, provider_job_id=None)
            return self._message({"ApproximateReceiveCount": "1"})
        if room is FOLLOWUP:
            self._put_back(state=JobState.DISPATCHED)
            key = result_key(self.job.job_id, 1)
            return {"Records": [{"s3": {"object": {"key": key}}}]}
        if room is DEAD_LETTERS:
            self._put_back(state=JobState.QUEUED, attempt=0, provider=None, provider_job_id=None)
            return self._message({"SentTimestamp": str(int(time.time() * 1000))})
        self._put_back(state=self.job.state, outcome=self.job.outcome)  # nothing is open
        return _ASKED.get(room, {})

    def _message(self, attributes: Mapping[str, str]) -> dict[str, Any]:
        body = json.dumps({"job_id": self.job.job_id})
        return {"Records": [{"messageId": "1", "body": body, "attributes": attributes}]}

    def _put_back(self, **changes: Any) -> None:
        job = replace(self.job, **{"outcome": None, "lease_until": 0.0, **changes})
        late = replace(job, created_at=time.time())
        self.dynamodb.put_item(TableName=self.state.table, Item=to_item(late))
        for provider in ("runpod", "sagemaker"):
            key = {"pk": {"S": "PROVIDERS"}, "sk": {"S": provider}}
            self.dynamodb.delete_item(TableName=self.state.table, Key=key)

    def _serve(self) -> dict[str, Any]:
        options = [{"name": "prompt", "type": 3, "value": "a red fox"}]
        data = {"id": "2", "name": "serve", "type": 1, "options": options}
        body = json.dumps({**REFUSED, "id": str(next(self._numbers)), "data": data})
        timestamp = str(int(time.time()))
        key = SigningKey(bytes.fromhex(self.state.signing_key))
        signature = key.sign((timestamp + body).encode()).signature.hex()
        headers = {"x-signature-ed25519": signature, "x-signature-timestamp": timestamp}
        return {"version": "2.0", "headers": headers, "body": body, "isBase64Encoded": False}

    def variables(self, room: Room) -> dict[str, str]:
        """Return the variables of a deployed room, and how to reach this AWS."""
        functions = self.client("lambda").list_functions()["Functions"]
        # No local deployment tells of alarms; it would be told what the room of the commands is.
        like = REGISTER_COMMANDS if room is TELL_ALARMS else room
        (deployed,) = [f for f in functions if f["Handler"] == _handler(like)]
        return {
            **deployed["Environment"]["Variables"],
            "ALARM_CHANNEL": self.state.channel_id,
            "AWS_ENDPOINT_URL": self.state.aws_endpoint_url,
            "AWS_DEFAULT_REGION": self.state.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }


def _handler(room: Room) -> str:
    return f"lambdas.{room.name}.main.handler"


def _used(room: Room, bench: _Bench) -> _Used:
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_bundle(room, Path(scratch) / room.name)
        with emulated(folder, _handler(room), bench.variables(room)) as emulator:
            _invoke(emulator, bench.event(room))
            cold_s = _cpu_s(emulator)
            for _ in range(_WARM):
                _invoke(emulator, bench.event(room))
            warm_s = (_cpu_s(emulator) - cold_s) / _WARM
            return _Used(cold_s, warm_s, _peak_mb(emulator))


def _invoke(emulator: Emulator, event: Mapping[str, Any]) -> None:
    answer = emulator.invoke(event)
    if isinstance(answer, dict) and ("errorMessage" in answer or answer.get("batchItemFailures")):
        raise RuntimeError(f"a failure was measured: {answer}")


def _runtime(emulator: Emulator) -> Sequence[Path]:
    """The processes that the emulator has started."""
    found, parents = [], {emulator.pid}
    for _ in range(3):
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent in parents and stat.parent not in found:
                found.append(stat.parent)
        parents |= {int(process.name) for process in found}
    return found


def _cpu_s(emulator: Emulator) -> float:
    time.sleep(0.05)  # what the last invocation still does
    ticks = 0
    for process in _runtime(emulator):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def _peak_mb(emulator: Emulator) -> float:
    peaks = [
        int(line.split()[1]) / _LINE_MB
        for process in _runtime(emulator)
        for line in (process / "status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return max(peaks)

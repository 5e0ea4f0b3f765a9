"""A worker for Runpod on the real, unmodified SDK."""

import asyncio
import os
from pathlib import Path

import runpod


async def handler(job):
    order = job["input"]
    if "trace" in order:
        with Path(order["trace"]).open("a", encoding="utf-8") as trace:
            trace.write("started\n")
    if order.get("do") == "hang":
        await asyncio.sleep(600)
    if order.get("do") == "fail":
        return {"error": "as told"}
    return {"echo": order, "worker": os.environ["RUNPOD_POD_ID"]}


runpod.serverless.start({"handler": handler})

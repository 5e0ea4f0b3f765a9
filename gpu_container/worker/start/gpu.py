"""Whether the GPU works, without a second torch beside the engine's: the engine is asked."""

from __future__ import annotations

import json
import logging
import re
from threading import Lock

from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.wire import NoAnswer, Wire

log = logging.getLogger(__name__)

_QUICK_S = 10.0
# torch's words once a CUDA context is lost: no later job in that process can succeed. Only at the
# beginning of the exception's own text: further on, it may quote what a member wrote.
_BROKEN = re.compile(
    r"(?:RuntimeError|AcceleratorError|DeferredCudaCallError): "
    r"(?:CUDA (?:driver )?error|cuDNN error|CUDNN_STATUS|CUBLAS_STATUS|Triton Error \[CUDA\]"
    r"|NVML_SUCCESS|No CUDA GPUs are available)"
)


class GpuHealth:
    """Whether this machine may go on taking jobs. Once it may not, it never may again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reason = ""

    def is_healthy(self) -> bool:
        """False once the GPU is known to be missing or broken."""
        return not self._reason

    def reason(self) -> str:
        """Say what is wrong; empty while nothing is."""
        return self._reason

    def give_up(self, reason: str) -> None:
        """Let no other job come to this machine; the first reason stays."""
        with self._lock:
            if not self._reason:
                self._reason = reason
                log.error("this worker must be replaced: %s", reason)

    def note(self, failure: JobFailed) -> JobFailed:
        """Look at how a job failed, and return what to tell: a broken GPU is no job's fault."""
        title = failure.node.title or failure.node.node_id
        cause = failure.message.removeprefix(f"{title}: ")
        if failure.kind is Kind.EXECUTION_FAILED and _BROKEN.match(cause):
            self.give_up(f"the GPU failed: {cause[:200]}")
            return JobFailed(Kind.ENGINE_UNAVAILABLE, failure.message, failure.node)
        return failure


def missing_gpu(url: str) -> str | None:
    """Ask the engine at `url` for its devices; return what is wrong, None if it has a GPU."""
    wire = Wire(lambda: url)
    try:
        answer = wire.ask("GET", "/system_stats", lambda: None, timeout_s=_QUICK_S)
        devices = json.loads(answer.body)["devices"]
        has_gpu = any(each["type"] == "cuda" and each["vram_total"] > 0 for each in devices)
        kinds = ", ".join(str(each["type"]) for each in devices) or "none"
    except (NoAnswer, ValueError, KeyError, TypeError) as error:
        return f"the engine cannot say which GPU it has ({type(error).__name__})"
    finally:
        wire.close()
    if has_gpu:
        return None
    return f"the engine sees no NVIDIA GPU, only: {kinds}; give the container one (--gpus all)"

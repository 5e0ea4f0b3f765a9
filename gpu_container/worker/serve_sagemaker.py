"""SageMaker's door: GET /ping and POST /invocations, one job at a time.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import json
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from gpu_container.worker.result import JobResult
from gpu_container.worker.run_job import Deps, run_job
from gpu_container.worker.settings import Settings
from gpu_container.worker.wiring import start_worker

MAX_BODY_BYTES = 10 * 1024 * 1024


class Server(ThreadingHTTPServer):
    """Answers /ping at any time; on close it waits for the job that runs."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], deps: Deps) -> None:
        super().__init__(address, Door)
        self.deps = deps
        self._one_at_a_time = Lock()
        self._ending = False
        self._stop = Event()  # of the running job

    def run(self, envelope: object) -> JobResult:
        """Run a job when those before it are done."""
        with self._one_at_a_time:
            self._stop = stop = Event()
            if self._ending:
                stop.set()
            return run_job(envelope, self.deps, stop)

    def end(self, *_: object) -> None:
        """Interrupt the running job and stop serving; for a signal handler."""
        self._ending = True
        self._stop.set()
        Thread(target=self.shutdown).start()  # shutdown() waits for the loop this may run in


class Door(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = 30  # seconds of silence from a caller, so that none can hold up the end

    def do_GET(self) -> None:
        """Answer /ping with 200 once the engine answers, else 503."""
        self.server.deps.engine.start()  # does nothing unless the engine has died
        known, ready = self.path == "/ping", self.server.deps.engine.is_ready()
        self._answer((200 if ready else 503) if known else 404, {"ready": ready})

    def do_POST(self) -> None:
        """Run the job in the body; a failure is not a 2xx, so that SageMaker counts it as one."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/invocations" or not 0 < length <= MAX_BODY_BYTES:
            code = 413 if length > MAX_BODY_BYTES else 404 if length else 411
            return self._answer(code, {"error": "POST a job of at most 10 MB to /invocations"})
        try:
            envelope = json.loads(self.rfile.read(length))
        except ValueError:
            envelope = None  # run_job answers: this is not a job
        result = self.server.run(envelope)
        code = 200 if result.failure is None else 422 if result.is_the_jobs_fault else 500
        return self._answer(code, result.document())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: run_job logs each job, and /ping comes every few seconds."""

    def _answer(self, code: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = Settings.from_env(os.environ)
    deps = start_worker(settings)
    with Server((settings.bind_host, settings.port), deps) as server:
        signal.signal(signal.SIGTERM, server.end)
        signal.signal(signal.SIGINT, server.end)
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()

"""Serves SageMaker: see sagemaker_door.py."""

from __future__ import annotations

import os
import signal

from gpu_container.worker.settings import Settings, refusing_in_one_line
from gpu_container.worker.start.engine_first import start_engine


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    with refusing_in_one_line():
        settings = Settings.from_env(os.environ)
        first = start_engine(settings)
        # Slow to import: the engine starts meanwhile.
        from gpu_container.worker.sagemaker_door import listening  # noqa: PLC0415
        from gpu_container.worker.wiring import begin_worker  # noqa: PLC0415

        worker = begin_worker(settings, first)
        server = listening(settings, worker)
    with server:

        def end(*_: object) -> None:
            worker.last_call.ring()
            server.end()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()

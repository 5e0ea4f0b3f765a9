"""What every test of this folder may ask for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.local.operating.stand_ins import Others


@pytest.fixture
def others() -> Iterator[Others]:
    served = Others()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.server.shutdown()
    thread.join()
    served.server.server_close()

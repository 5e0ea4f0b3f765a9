"""What a worker writes is not trusted."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distillery.core.worker_documents import BadDocument, parse_progress, parse_result


@pytest.mark.parametrize(
    "name", ["../../../secret", "a/b.png", "", ".", "..", "a b.png", "x" * 200, ".hidden"]
)
def test_a_workers_file_name_never_becomes_a_path(name: str) -> None:
    output = {"name": name, "content_type": "image/png", "bytes": 1}
    document = {"status": "succeeded", "outputs": [output], "error": None}
    with pytest.raises(BadDocument):
        parse_result(json.dumps(document).encode())


scalars = st.none() | st.booleans() | st.floats() | st.text(max_size=20)
json_values = (
    scalars
    | st.lists(scalars | st.dictionaries(st.text(max_size=9), scalars), max_size=3)
    | st.dictionaries(st.text(max_size=9), scalars, max_size=3)
)
fields = st.sampled_from(
    ["status", "outputs", "error", "timings", "sequence", "percent", "preview", "step"]
)


@example(b'{"sequence": 1e999, "percent": 1}')
@example(b'{"sequence": 1, "percent": Infinity}')
@example(
    b'{"status": "failed", "error": {"kind": "", "message": ""}, "timings": {"engine_s": NaN}}'
)
@given(st.binary() | st.dictionaries(fields, json_values).map(lambda d: json.dumps(d).encode()))
def test_whatever_a_worker_writes_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadDocument):
        assert math.isfinite(parse_result(data).outcome.gpu_s)
    with contextlib.suppress(BadDocument):
        assert 0 <= parse_progress(data).percent <= 100

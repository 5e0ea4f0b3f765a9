"""Every metric that the code emits is in the catalogue, and the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from distillery.core.metrics import METRICS, Metric, Unit, look_up
from tests.house_rules.repository import modules, text

UNITS = {"count": Unit.COUNT, "seconds": Unit.SECONDS}


def _emissions() -> Iterator[tuple[str, ast.Call]]:
    """Each call of `telemetry.count` or `telemetry.seconds` in what is deployed, and its place."""
    for path in modules():
        if path.parts[0] in ("distillery", "lambdas"):
            yield from ((f"{path}:{call.lineno}", call) for call in _calls(path))


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            port = node.func.value
            name = port.attr if isinstance(port, ast.Attribute) else getattr(port, "id", "")
            if name.lstrip("_") == "telemetry":
                yield node


def test_every_metric_that_is_emitted_is_in_the_catalogue_as_it_is_emitted() -> None:
    for place, call in _emissions():
        assert isinstance(call.func, ast.Attribute)
        name = call.args[0]
        literal = isinstance(name, ast.Constant)
        assert literal, f"{place}: write the metric's name as a text, so that it can be found"
        labels = {keyword.arg or "**": "" for keyword in call.keywords if keyword.arg != "value"}
        look_up(str(ast.literal_eval(name)), UNITS[call.func.attr], labels)  # it says what to do


def test_every_metric_of_the_catalogue_is_emitted_somewhere() -> None:
    emitted = {ast.literal_eval(call.args[0]) for _, call in _emissions()}
    assert emitted == set(METRICS), "delete from distillery/core/metrics.py what nobody emits"


def test_the_table_of_metrics_in_the_documents_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `[A-Z].*$", text("docs/operations.md"), re.MULTILINE)
    assert rows == [_row(metric) for metric in METRICS.values()]


def _row(metric: Metric) -> str:
    by, fields = (", ".join(names) or "-" for names in (metric.dimensions, metric.fields))
    return f"| `{metric.name}` | {metric.unit} | {metric.meaning} | {by} | {fields} |"


def test_a_dimension_has_few_values_so_that_it_costs_little() -> None:
    """CloudWatch's price is for each value; whatever has many of them is to be a field."""
    for metric in METRICS.values():
        assert set(metric.dimensions) <= {"provider"}, metric.name

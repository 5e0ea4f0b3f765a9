"""The parts of the benchmarks that reckon: percentiles, request units and prices."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from benchmarks import watchdog
from benchmarks.crowd import Answered
from benchmarks.figures import p95, spread, table
from benchmarks.memory import MEASURED
from benchmarks.prices import PRICES, Unit, cost, unit_of
from benchmarks.recording_proxy import WORKER, _caller
from benchmarks.request_units import UnitMeter, item_bytes
from infra.rooms import ROOMS
from lambdas.watchdog.handler import build_handler

JOB = {"pk": {"S": "JOB#1"}, "sk": {"S": "JOB"}}
ACCOUNT = {"pk": {"S": "MEMBER#42"}, "sk": {"S": "ACCOUNT"}}
CREATED = {
    **JOB,
    "request": {"S": "a red fox " * 140},
    "due": {"S": "DUE"},
    "due_at": {"N": "30.0"},
    "user_id": {"S": "42"},
    "created_at": {"N": "0.0"},
}


@pytest.fixture
def meter() -> UnitMeter:
    return UnitMeter()


def update(expression: str, **values: str) -> dict[str, object]:
    return {
        "Key": JOB,
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {f"#{name}": name for name in ("due", "due_at", "waiting")},
        "ExpressionAttributeValues": {f":{name}": {"N": text} for name, text in values.items()},
    }


def test_a_percentile_lies_between_the_values_and_never_beyond_them():
    assert p95([4.0]) == 4.0
    assert p95([1.0, 2.0]) == pytest.approx(1.95)
    assert p95([float(n) for n in range(101)]) == 95.0
    assert p95([9.0, 1.0, 5.0]) == pytest.approx(8.6)


def test_a_cell_without_values_says_so():
    assert spread([]) == "-"
    assert spread([1.0, 2.0, 3.0]) == "2.00 / 2.90"


def test_a_table_has_its_numbers_below_one_another(capsys: pytest.CaptureFixture[str]):
    table([["what", "n"], ["a long name", "7"], ["b", "1,000"]])
    assert capsys.readouterr().out.splitlines() == [
        "what             n",
        "-----------  -----",
        "a long name      7",
        "b            1,000",
    ]


def test_what_is_added_is_neither_the_engine_nor_the_line():
    times = {"admitted": 101.0, "dispatched": 105.0, "submitted": 105.5}
    answered = Answered(100.0, 100.2, 110.0, times, 3.0, "runpod")
    assert (answered.whole_s, answered.in_line_s, answered.added_s) == (10.0, 4.0, 3.0)
    assert answered.between("dispatched", "submitted") == 0.5
    assert answered.between("submitted", "started") is None


def test_a_transaction_costs_twice_and_its_indexes_once(meter: UnitMeter):
    opened = {"Key": ACCOUNT, "UpdateExpression": "ADD reserved :charge"}
    asked = {"TransactItems": [{"Put": {"Item": CREATED}}, {"Update": opened}]}
    # 2 KB and 1 KB, twice; the job comes into two indexes.
    assert meter.units("dynamodb.TransactWriteItems", asked, done=True) == {Unit.WRITE: 8.0}


def test_an_index_is_billed_for_what_changes_in_it(meter: UnitMeter):
    meter.units("dynamodb.PutItem", {"Item": CREATED}, done=True)

    def on_index(expression: str, **values: str) -> float:
        asked = update(expression, **values)
        return meter.units("dynamodb.UpdateItem", asked, done=True)[Unit.WRITE] - 2

    assert on_index("SET #due_at = :due_at", due_at="30.0") == 0
    assert on_index("SET #due_at = :due_at", due_at="60.0") == 2
    assert on_index("SET #waiting = :waiting REMOVE #due", waiting="1") == 1
    assert on_index("REMOVE #due, #waiting") == 0


def test_a_write_that_was_refused_is_billed_but_changes_no_index(meter: UnitMeter):
    refused = meter.units("dynamodb.PutItem", {"Item": CREATED}, done=False)
    assert refused == {Unit.WRITE: 2.0}
    assert meter.units("dynamodb.PutItem", {"Item": CREATED}, done=True) == {Unit.WRITE: 4.0}


def test_a_consistent_read_costs_twice_an_eventual_one(meter: UnitMeter):
    consistent = {"Key": JOB, "ConsistentRead": True}
    assert meter.units("dynamodb.GetItem", consistent, done=True) == {Unit.READ: 1.0}
    assert meter.units("dynamodb.GetItem", {"Key": JOB}, done=True) == {Unit.READ: 0.5}
    assert meter.units("dynamodb.Query", {"IndexName": "due"}, done=True) == {Unit.READ: 0.5}


def test_an_update_is_billed_by_the_larger_of_what_was_and_what_is(meter: UnitMeter):
    meter.units("dynamodb.PutItem", {"Item": JOB}, done=True)
    assert meter.units(
        "dynamodb.UpdateItem", update("SET #waiting = :w", w="1" * 3000), done=True
    ) == {Unit.WRITE: 2.0}
    assert meter.units("dynamodb.UpdateItem", update("REMOVE #waiting"), done=True) == {
        Unit.WRITE: 2.0
    }
    assert meter.units("dynamodb.UpdateItem", update("REMOVE #due"), done=True) == {Unit.WRITE: 1.0}


def test_a_read_is_billed_by_blocks_of_four_kilobytes():
    meter = UnitMeter()
    meter.units("dynamodb.PutItem", {"Item": {**JOB, "request": {"S": "x" * 4096}}}, done=True)
    consistent = {"Key": JOB, "ConsistentRead": True}
    assert meter.units("dynamodb.GetItem", consistent, done=True) == {Unit.READ: 2.0}


def test_an_operation_that_nobody_has_thought_of_is_not_taken_for_free(meter: UnitMeter):
    with pytest.raises(ValueError, match="Scan"):
        meter.units("dynamodb.Scan", {}, done=True)
    with pytest.raises(ValueError, match="PutTagging"):
        unit_of("s3.PutTagging")


def test_a_batch_is_read_item_by_item(meter: UnitMeter):
    meter.units("dynamodb.PutItem", {"Item": CREATED}, done=True)
    asked = {"RequestItems": {"jobs": {"Keys": [JOB, ACCOUNT], "ConsistentRead": True}}}
    assert meter.units("dynamodb.BatchGetItem", asked, done=True) == {Unit.READ: 2.0}


def test_an_items_size_is_that_of_its_names_and_values():
    assert item_bytes({"ab": {"S": "déjà"}}) == 2 + 6
    assert item_bytes({"ab": {"SS": ["x", "yz"]}, "c": {"BOOL": True}}) == 2 + 3 + 1 + 1
    assert item_bytes({"n": {"N": "1234"}}) == 1 + 4


def test_a_price_is_dollars_for_one_unit():
    dollars = cost({Unit.WRITE: 2e6, Unit.S3_PUT: 1000, Unit.LAMBDA_GB_S: 1e6})
    assert dollars == pytest.approx(
        {Unit.WRITE: 1.25, Unit.S3_PUT: 0.005, Unit.LAMBDA_GB_S: 13.3334}
    )


def test_every_unit_has_a_price():
    assert set(PRICES) == set(Unit)


def test_a_worker_is_who_signs_nothing():
    signed = "AWS4-HMAC-SHA256 Credential=ASIA12/20260101/us-east-1/s3/aws4_request, Signature=1"
    assert _caller({"Authorization": signed}) == "ASIA12"
    assert _caller({"Content-Type": "multipart/form-data"}) == WORKER


def test_the_memory_of_every_room_is_measured():
    assert sorted(room.name for room in MEASURED) == sorted(room.name for room in ROOMS)


def watchdog_is_up_s(open_s: float) -> float:
    """How long a run of the real handler lasts when something stays open for so long."""
    now = [0.0]
    store = SimpleNamespace(overdue=lambda *_: [], anything_open=lambda: now[0] < open_s)
    heal: Any = SimpleNamespace(clock=lambda: now[0], store=store)

    def sleep(seconds: float) -> None:
        now[0] += seconds

    line: Any = Mock()  # it finds nothing to mend
    build_handler(heal, line, line, lambda _: nullcontext(), sleep)()
    return now[0]


@pytest.mark.parametrize("open_s", [2, 12, 20, 40, 59, 100])
def test_the_watchdog_is_priced_for_as_long_as_its_handler_is_up(open_s):
    """A picture that begins at each tenth of a second of a minute, and the runs that meet it."""
    tenths = range(10 * open_s)
    mean = sum(watchdog_is_up_s(open_s - tenth / 10) for tenth in tenths) / 600

    assert watchdog.alone_s(open_s) == pytest.approx(mean, rel=0.02)
    assert watchdog.alone_s(open_s) <= watchdog.busiest_s(open_s)
    assert watchdog.busiest_s(60) == watchdog_is_up_s(1000)


def test_the_watchdog_costs_by_its_memory_and_its_looks():
    gb_s = 15.18 * watchdog.WATCHDOG.memory_mib / 1024
    by_hand = cost({Unit.LAMBDA_GB_S: gb_s, Unit.READ: 6.0})
    assert watchdog.dollars(15) == pytest.approx(sum(by_hand.values()))

"""How many request units DynamoDB would bill for a call: the embedded one does not say.

The rules are those of "DynamoDB read and write operations" and "Managing Global Secondary Indexes"
in the Amazon DynamoDB Developer Guide.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from benchmarks.prices import Unit

Item = Mapping[str, Mapping[str, Any]]
Key = tuple[str, str]
_Entry = tuple[Mapping[str, Any], ...]

_WRITE_BYTES, _READ_BYTES = 1024, 4096
_INDEXES = (("waiting", "waiting_order"), ("due", "due_at"), ("user_id", "created_at"))
"""The keys of each index; nothing else is projected into it."""
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b")
_ASSIGNED = re.compile(r"(#?\w+) = (:\w+)")


def item_bytes(item: Item) -> int:
    """Return an item's size as DynamoDB counts it; numbers to within a byte or two."""
    return sum(
        len(name.encode()) + sum(_value_bytes(kind, value) for kind, value in typed.items())
        for name, typed in item.items()
    )


def key_of(item: Item) -> Key:
    """Return an item's primary key."""
    return item["pk"]["S"], item["sk"]["S"]


class UnitMeter:
    """Follows all calls from the first on: what is billed depends on what an item was before.

    Accounts and providers' records are taken for small: what is added to them is not followed.
    """

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}

    def units(self, operation: str, asked: Mapping[str, Any], *, done: bool) -> dict[Unit, float]:
        """Return the units of one call. A write whose condition failed is billed all the same.

        Raises ValueError for an operation that the rooms did not use when this was written.
        """
        name = operation.removeprefix("dynamodb.")
        if name == "GetItem":
            return {Unit.READ: self._read(key_of(asked["Key"]), asked)}
        if name == "BatchGetItem":
            asked_of = asked["RequestItems"].values()
            return {
                Unit.READ: sum(self._read(key_of(key), of) for of in asked_of for key in of["Keys"])
            }
        if name == "Query":
            # What the rooms query is small: a few keys of an index, or the providers' records.
            return {Unit.READ: 1.0 if asked.get("ConsistentRead") else 0.5}
        if name == "TransactWriteItems":
            writes = [next(iter(action.values())) for action in asked["TransactItems"]]
            return {Unit.WRITE: sum(self._written(write, 2, done=done) for write in writes)}
        if name in ("PutItem", "UpdateItem"):
            return {Unit.WRITE: self._written(asked, 1, done=done)}
        raise ValueError(f"how is {operation} billed?")

    def _read(self, key: Key, asked: Mapping[str, Any]) -> float:
        blocks = _blocks(self._items.get(key, {}), _READ_BYTES)
        return blocks if asked.get("ConsistentRead") else blocks / 2

    def _written(self, write: Mapping[str, Any], times: int, *, done: bool) -> float:
        """Count the table's units, `times` each (a transaction's twice), and the indexes', once."""
        key = key_of(write.get("Key") or write["Item"])
        before = self._items.get(key, {})
        after = _after(before, write)
        # The larger of the two counts, also for an update of a few attributes.
        units = times * max(_blocks(before, _WRITE_BYTES), _blocks(after, _WRITE_BYTES))
        if not done:
            return units
        self._items[key] = after
        return units + sum(
            _index_writes(_entry(before, keys), _entry(after, keys)) for keys in _INDEXES
        )


def _blocks(item: Item, block_bytes: int) -> int:
    return max(1, math.ceil(item_bytes(item) / block_bytes))


def _index_writes(before: _Entry | None, after: _Entry | None) -> int:
    """An entry that comes or goes is one write; one whose key changes goes and comes."""
    return 0 if before == after else (before is not None) + (after is not None)


def _entry(item: Item, keys: tuple[str, ...]) -> _Entry | None:
    return tuple(item[key] for key in keys) if all(key in item for key in keys) else None


def _after(item: Item, write: Mapping[str, Any]) -> Item:
    """Return what becomes of an item, as far as its update sets and removes whole attributes."""
    if "Item" in write:
        return dict(write["Item"])
    names = write.get("ExpressionAttributeNames", {})
    after = {**write["Key"], **item}
    _, *parts = _CLAUSE.split(write["UpdateExpression"])
    for clause, text in zip(parts[::2], parts[1::2], strict=True):
        if clause == "SET":
            for name, value in _ASSIGNED.findall(text):
                after[names.get(name, name)] = write["ExpressionAttributeValues"][value]
        elif clause == "REMOVE":
            for name in text.split(","):
                after.pop(names.get(name.strip(), name.strip()), None)
    return after


def _value_bytes(kind: str, value: Any) -> int:
    if kind == "N":
        return len(value.strip("-0").replace(".", "")) // 2 + 2
    if kind == "SS":
        return sum(len(text.encode()) for text in value)
    return len(value.encode()) if kind == "S" else 1

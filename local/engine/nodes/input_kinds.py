"""Short ways to write down a node's inputs."""

from __future__ import annotations

from local.engine.nodes.node_type import Input

SIDE = 16384  # the largest side ComfyUI takes, in pixels


def links(kinds: str) -> dict[str, Input]:
    """Return inputs that only a link can fill, from `name:TYPE name:TYPE`."""
    pairs = (pair.split(":") for pair in kinds.split())
    return {name: Input(kind) for name, kind in pairs}


def whole(default: int, low: int, high: int, **more: object) -> Input:
    """Return a whole number between two bounds."""
    return Input("INT", {"default": default, "min": low, "max": high, **more})


def decimal(default: float, low: float, high: float, step: float, **more: object) -> Input:
    """Return a number between two bounds."""
    return Input("FLOAT", {"default": default, "min": low, "max": high, "step": step, **more})


def switch() -> Input:
    """Return a yes or no that is yes by default."""
    return Input("BOOLEAN", {"default": True})


def choice(names: str, **options: object) -> Input:
    """Return a choice between names that hold no space."""
    return Input(tuple(names.split()), dict(options))


def sides(low: int, step: int, default: int = 512) -> dict[str, Input]:
    """Return a width and a height in pixels."""
    side = whole(default, low, SIDE, step=step)
    return {"width": side, "height": side}


BATCH = whole(1, 1, 4096)
CROP = choice("disabled center")

"""What flows along the links of a graph here, in place of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.engine.folders import Folders

Pictures = tuple[Image.Image, ...]
LATENT_CELL = 8  # a latent is made of cells of this many pixels


@dataclass(frozen=True, slots=True)
class Guide:
    """A picture that another one is to follow, and how strictly: 0 not at all, 1 fully."""

    picture: Image.Image
    strength: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A model, CLIP or VAE: only its name matters here, and whose colours a model is to take."""

    name: str
    looks: tuple[Guide, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditioning:
    """A prompt text after encoding."""

    text: str
    outline: Guide | None = None  # white lines on black


@dataclass(frozen=True, slots=True)
class Latent:
    """A canvas in pixels. `pictures` is empty until something was painted or encoded."""

    width: int
    height: int
    batch: int
    pictures: Pictures = ()
    mask: Image.Image | None = None  # mode L; white is to be painted anew
    moves: bool = False  # the batch is one scene, frame by frame
    painted: str = ""  # the prompt text that a sampler has painted here already


@dataclass(frozen=True, slots=True)
class Result:
    """What a node gives: a value per output slot, and for an output node what it shows."""

    values: tuple[object, ...] = ()
    shown: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a running node may use besides its inputs."""

    folders: Folders
    graph: dict[str, Any]
    extra_pnginfo: dict[str, Any]
    step_seconds: float
    report: Callable[[int, int, bytes], None]  # step, steps, preview as JPEG
    stop_if_interrupted: Callable[[], None]


class NodeFailure(Exception):
    """A failure with the exception type that a real engine reports, which is not ours to raise."""

    def __init__(self, exception_type: str, message: str) -> None:
        super().__init__(message)
        self.exception_type = exception_type


class Interrupted(Exception):
    """Raised inside a node when the prompt was interrupted."""

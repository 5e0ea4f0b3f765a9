"""Every flag that a prompt may carry: those that Distillery's members have always written.

A recipe makes a flag work by naming it beside one of its options (`flag = "cfg"`). A flag that no
installed recipe names is read all the same, so that whoever writes it is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_LORAS = 5
ADAPTERS = range(1, 5)


class FlagKind(StrEnum):
    """How much of the text after a flag belongs to it, and what that must be."""

    SWITCH = "switch"  # nothing: to write it is to set it
    WORD = "word"  # the next word
    WORDS = "words"  # the next word, in which commas part several values
    TEXT = "text"  # all up to the next flag
    INTEGER = "integer"
    NUMBER = "number"
    RATIO = "ratio"  # width:height
    LINK = "link"  # the address of a file in Discord


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag, as it is written after `--`. Bounds and choices are of Distillery's documents.

    A recipe's option has bounds of its own: both must hold.
    """

    name: str
    kind: FlagKind
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    sample: str | None = None  # a value that workflows take, where one of its kind may not do

    @property
    def example(self) -> str:
        """Return the flag as a member might write it."""
        value = {
            FlagKind.SWITCH: "",
            FlagKind.WORD: " name",
            FlagKind.WORDS: " name,name",
            FlagKind.TEXT: " words",
            FlagKind.INTEGER: " 7",
            FlagKind.NUMBER: " 0.5",
            FlagKind.RATIO: " 3:2",
            FlagKind.LINK: " address",
        }[self.kind]
        return f"--{self.name}{value if self.sample is None else f' {self.sample}'}"


def _flags() -> tuple[Flag, ...]:
    kind = FlagKind
    return (
        Flag("neg", kind.TEXT, "what to keep out of the picture"),
        Flag("seed", kind.INTEGER, "the number that the noise is made from", 0),
        Flag("cfg", kind.NUMBER, "how strictly to follow the prompt", 0, 30, "7"),
        Flag("ar", kind.RATIO, "the shape of the picture; the nearest that the model can paint"),
        Flag("power", kind.NUMBER, "how far the second, larger pass may change the picture", 0, 1),
        Flag("model", kind.WORD, "which model paints"),
        Flag("lora", kind.WORDS, f"up to {MAX_LORAS} small models that change the style"),
        Flag("control", kind.LINK, "an image whose outlines the picture keeps to"),
        Flag("controlweight", kind.NUMBER, "how strictly to keep to them", 0, 1),
        Flag("image", kind.LINK, "an image to start from"),
        Flag("imagedenoise", kind.NUMBER, "how far to leave that image", 0, 1),
        Flag("inpaint", kind.LINK, "an image of which only the transparent part is painted anew"),
        Flag("inpaintmaskfeather", kind.INTEGER, "how soft that part's edge is, in pixels", 0, 40),
        Flag("inpaintmaskgrow", kind.INTEGER, "how far that part grows, in pixels", 0, 40),
        Flag("inpaintcontrol", kind.NUMBER, "how strictly to keep to that part's outlines", 0, 1),
        Flag("adapt", kind.LINK, "an image to take the look from"),
        *(
            Flag(f"adapt{number}", kind.LINK, f"image number {number} to take the look from")
            for number in ADAPTERS[1:]
        ),
        Flag("adaptweight", kind.NUMBER, "how strongly to take the look of those images", 0, 1),
        *(
            Flag(f"adaptweight{number}", kind.NUMBER, f"the same for image number {number}", 0, 1)
            for number in ADAPTERS
        ),
        Flag("adaptface", kind.SWITCH, "take the face from those images"),
        Flag("llm", kind.WORD, "let a language model write the prompt anew"),
        Flag("sampler", kind.WORD, "how noise becomes a picture"),
        Flag("lcmweight", kind.NUMBER, "how strongly the LCM sampler's small model counts", 0, 1),
        Flag("sharpen", kind.NUMBER, "how much to sharpen the picture", 0, 1),
        Flag("raw", kind.SWITCH, "add nothing to the prompt"),
        Flag("force-model", kind.SWITCH, "inpaint with the chosen model, not one made for it"),
        Flag("upscalemethod", kind.WORD, "how the picture is made larger"),
        Flag("refinerpass", kind.NUMBER, "the share of the work that the refiner does", 0, 1),
        Flag("cutoffweight", kind.NUMBER, "how strictly `::blue EYES::` keeps to its words", 0, 2),
    )


FLAGS: Mapping[str, Flag] = {flag.name: flag for flag in _flags()}

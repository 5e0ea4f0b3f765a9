"""Reads a prompt for what a landscape painter can use: the hour, the land, colours, a subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.engine.painter.colours import Colour, colour, mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.engine.painter.brief import Brief


@dataclass(frozen=True, slots=True)
class Hour:
    """The light: the sky from top to horizon, what shines in it, and the haze of the distance."""

    sky: tuple[Colour, Colour, Colour]
    light: Colour
    haze: Colour
    dark: bool = False


@dataclass(frozen=True, slots=True)
class Land:
    """The ground: colours of the nearest and the farthest hills, and what stands on them."""

    near: Colour
    far: Colour
    mountains: bool = True
    trees: str = ""  # "pine", "round" or none
    water: bool = False
    city: bool = False
    snow: bool = False
    leaf: Colour | None = None  # of the trees, where it is not the colour of the hills
    shore: Colour | None = None  # of the nearest ground, where it is not `near`
    falling: Colour | None = None  # of what drifts through the air


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be painted."""

    hour: Hour
    land: Land
    subject: str
    tint: Colour | None


def _hour(
    top: str, middle: str, horizon: str, light: str, haze: str, *, dark: bool = False
) -> Hour:
    sky = (colour(top), colour(middle), colour(horizon))
    return Hour(sky, colour(light), colour(haze), dark)


HOURS = {
    "dawn": _hour("#5d79b5", "#e9aeb0", "#fdeccb", "#fff3d6", "#ecc9bf"),
    "day": _hour("#2f7fc4", "#86c5ea", "#eef6ea", "#fffbe8", "#cfe4e6"),
    "sunset": _hour("#34295f", "#d8596a", "#ffd28a", "#fff0c2", "#f0a080"),
    "dusk": _hour("#1d2b5c", "#6c5b9c", "#f2a88f", "#ffe3c0", "#9a86b4"),
    "night": _hour("#070b24", "#16265a", "#41639a", "#f4f1dc", "#33508a", dark=True),
    "fog": _hour("#8fa3ad", "#b8c6c9", "#e3e8e2", "#fbf8ea", "#d3dbd8"),
    "storm": _hour("#20283a", "#4b5a70", "#a6b3b5", "#e9efe6", "#7a8a98", dark=True),
    "space": _hour("#05030f", "#1f1147", "#70308a", "#ffe9d0", "#4c2a78", dark=True),
}
LANDS = {
    "hills": Land(colour("#27503f"), colour("#a9c3ac"), trees="round", leaf=colour("#3d7a4c")),
    "forest": Land(colour("#0f2f2a"), colour("#8fb3a6"), trees="pine"),
    "autumn": Land(
        colour("#5a2417"),
        colour("#e2ab72"),
        trees="round",
        leaf=colour("#d2691e"),
        falling=colour("#f0a040"),
    ),
    "snow": Land(
        colour("#93aed0"),
        colour("#e3edf6"),
        trees="pine",
        snow=True,
        leaf=colour("#45668c"),
        falling=colour("#ffffff"),
    ),
    "mountains": Land(colour("#22374a"), colour("#9fb4c8"), trees="pine", snow=True),
    "desert": Land(colour("#8c3f22"), colour("#efc08c"), mountains=False),
    "sea": Land(colour("#123a52"), colour("#8fb7c4"), water=True, shore=colour("#5c4a45")),
    "lake": Land(colour("#12332f"), colour("#93b3b4"), trees="pine", water=True),
    "city": Land(colour("#141428"), colour("#8b8fb4"), mountains=False, city=True, water=True),
    "blossom": Land(
        colour("#4a4260"),
        colour("#f0c0cf"),
        trees="round",
        leaf=colour("#f29ab2"),
        falling=colour("#ffd3de"),
    ),
    "volcano": Land(colour("#1d1216"), colour("#8c5348"), falling=colour("#ff8a3c")),
}
HOUR_WORDS = {
    "dawn": "dawn morning sunrise spring pastel soft",
    "day": "day noon sunny summer bright blue-sky clear",
    "sunset": "sunset evening golden warm autumn fire burning",
    "dusk": "dusk twilight purple violet dreamy",
    "night": "night midnight moon moonlit stars starry dark neon aurora",
    "fog": "fog foggy mist misty grey gray rain rainy cloudy",
    "storm": "storm stormy thunder dramatic lightning gloomy",
    "space": "space galaxy nebula cosmic planet alien astronaut universe",
}
LAND_WORDS = {
    "forest": "forest woods woodland jungle trees pine",
    "autumn": "autumn fall leaves october maple",
    "snow": "snow snowy winter ice arctic frozen christmas polar",
    "mountains": "mountain mountains alps peak cliff valley",
    "desert": "desert dunes sahara mars sand canyon pyramid",
    "sea": "sea ocean beach coast waves island surf",
    "lake": "lake river pond reflection",
    "city": "city skyline street tokyo cyberpunk skyscraper town urban",
    "blossom": "blossom sakura cherry japan japanese temple flower flowers garden lavender rose",
    "volcano": "volcano lava hell dystopian apocalypse",
    "hills": "hills meadow field farm village grass countryside",
}
SUBJECT_WORDS = {
    "fox": "fox foxes vixen",
    "wolf": "wolf wolves dog puppy husky coyote",
    "cat": "cat cats kitten tiger lion panther",
    "deer": "deer stag elk reindeer moose",
    "rabbit": "rabbit bunny hare",
    "owl": "owl bird eagle raven crow parrot",
    "boat": "boat ship sailboat sailing yacht pirate",
    "whale": "whale dolphin fish shark orca",
    "house": "house cabin cottage hut home barn village",
    "castle": "castle tower palace fortress temple ruin",
    "lighthouse": "lighthouse beacon",
    "balloon": "balloon balloons airship",
    "tree": "tree oak bonsai willow",
    "robot": "robot android mech cyborg",
}
COLOUR_WORDS = {
    "red": colour("#c8382f"),
    "scarlet": colour("#c8382f"),
    "orange": colour("#e07b2c"),
    "golden": colour("#e2b04a"),
    "gold": colour("#e2b04a"),
    "yellow": colour("#eccb4f"),
    "green": colour("#3f8f57"),
    "emerald": colour("#1f8f6a"),
    "teal": colour("#2a8f94"),
    "turquoise": colour("#35b0ab"),
    "blue": colour("#3567b8"),
    "purple": colour("#7248a8"),
    "violet": colour("#7248a8"),
    "pink": colour("#e58aa8"),
    "white": colour("#eef0ee"),
    "black": colour("#23232b"),
    "grey": colour("#8b9096"),
    "gray": colour("#8b9096"),
    "silver": colour("#b8c0c8"),
    "brown": colour("#7d5236"),
}
ANY_HOUR = ("dawn", "day", "sunset", "dusk")
ANY_LAND = ("hills", "forest", "autumn", "mountains", "sea", "lake", "desert", "blossom")
HOME_OF = {
    "fox": ("forest", "autumn", "hills"),
    "wolf": ("forest", "snow", "mountains"),
    "cat": ("hills", "blossom", "autumn"),
    "deer": ("forest", "autumn", "hills"),
    "rabbit": ("hills", "blossom"),
    "owl": ("forest", "autumn"),
    "boat": ("sea", "lake"),
    "whale": ("sea",),
    "house": ("hills", "mountains", "forest"),
    "castle": ("mountains", "hills"),
    "lighthouse": ("sea",),
    "balloon": ("hills", "mountains", "desert"),
    "tree": ("hills", "desert", "mountains"),
    "robot": ("city",),
}


def read(brief: Brief) -> Scene:
    """Choose the scene; what the prompt leaves open, the seed decides."""
    dice = brief.dice("scene")
    unwanted = set(_words(brief.negative))
    words = [word for word in _words(brief.text) if word not in unwanted]
    subject = _first(words, SUBJECT_WORDS) or ""
    hour_name = _first(words, HOUR_WORDS) or dice.choice(ANY_HOUR)
    land_name = _first(words, LAND_WORDS) or dice.choice(HOME_OF.get(subject, ANY_LAND))
    tint = next((COLOUR_WORDS[word] for word in words if word in COLOUR_WORDS), None)
    hour = HOURS[hour_name]
    if tint is not None and not subject:  # a subject takes the colour itself
        hour = _tinted(hour, tint)
    return Scene(hour, LANDS[land_name], subject, tint)


def _tinted(hour: Hour, tint: Colour) -> Hour:
    top, middle, horizon = hour.sky
    sky = (mix(top, mix(tint, (0, 0, 0), 0.35), 0.5), mix(middle, tint, 0.55), horizon)
    return Hour(sky, hour.light, mix(hour.haze, tint, 0.3), hour.dark)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _first(words: list[str], vocabulary: Mapping[str, str]) -> str | None:
    for word in words:
        for name, known in vocabulary.items():
            if word in known.split():
                return name
    return None

"""A member's options: what is taken, and what they are told about what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distillery.core.errors import InvalidOption
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Attachment, Choice, Option, OptionKind, Recipe, Value

PHOTO = Attachment("in.png", "https://cdn.example/in.png", "image/png", 1_000_000)
OPTIONS = (
    Option("prompt", OptionKind.STRING, "What to paint", required=True, max_length=20),
    Option("style", OptionKind.STRING, "Style", min_length=3, max_length=30),
    Option("steps", OptionKind.INTEGER, "Steps", default=30, minimum=1, maximum=60),
    Option("cfg", OptionKind.NUMBER, "Strictness", minimum=1.0),
    Option("darkness", OptionKind.NUMBER, "Darkness", maximum=2.5),
    Option("seed", OptionKind.INTEGER, "Seed", random=True, minimum=10, maximum=99),
    Option("tile", OptionKind.BOOLEAN, "Tile", default=False),
    Option(
        "sampler",
        OptionKind.STRING,
        "Sampler",
        choices=(Choice("Euler", "euler"), Choice("DPM++", "dpmpp_2m")),
    ),
    Option(
        "model",
        OptionKind.STRING,
        "Model",
        choices=(Choice("Ink", "other.safetensors"), Choice("Cosmo", "ink.safetensors")),
        suggest=True,
    ),
    Option(
        "image",
        OptionKind.ATTACHMENT,
        "A start",
        content_types=("image/png", "image/jpeg"),
        max_bytes=2_500_000,
    ),
)
RECIPE = Recipe("painter", "Painter", "Paints", True, {}, OPTIONS, ("9",))


def resolve(**given: Value) -> dict[str, Value]:
    """Resolve options beside a prompt, drawing the highest number."""
    return resolve_options(RECIPE, {"prompt": "a fox", **given}, draw=lambda _, high: high)


def refusal(**given: Value) -> str:
    """Return what a member is told."""
    with pytest.raises(InvalidOption) as caught:
        resolve(**given)
    return str(caught.value)


def test_defaults_and_random_numbers_fill_what_was_not_given() -> None:
    assert resolve() == {"prompt": "a fox", "steps": 30, "seed": 99, "tile": False}


@pytest.mark.parametrize("written", ["DPM++", "dpm++", "dpmpp-2m", "dpmpp_2m", "DPMPP 2M"])
def test_a_choice_is_found_by_its_name_or_its_value(written: str) -> None:
    assert resolve(sampler=written)["sampler"] == "dpmpp_2m"


@pytest.mark.parametrize("written", ["cosmo", "Cosmo", "ink.safetensors"])
def test_a_model_is_found_without_its_file_type(written: str) -> None:
    assert resolve(model=written)["model"] == "ink.safetensors"


def test_a_suggestion_that_is_none_of_the_choices_is_refused() -> None:
    assert "`model` cannot be `../ink`" in refusal(model="../ink")


def test_a_given_value_wins_over_default_and_chance() -> None:
    values = resolve(steps=5, seed=11, tile=True)

    assert (values["steps"], values["seed"], values["tile"]) == (5, 11, True)


def test_chance_stays_within_the_options_own_bounds() -> None:
    asked: list[tuple[int, int]] = []

    def draw(low: int, high: int) -> int:
        asked.append((low, high))
        return 42

    assert resolve_options(RECIPE, {"prompt": "a"}, draw=draw)["seed"] == 42
    assert asked == [(10, 99)]


def test_the_bounds_themselves_are_allowed() -> None:
    assert resolve(steps=1)["steps"] == 1
    assert resolve(steps=60)["steps"] == 60


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"steps": 0}, "`steps` must be from 1 to 60; you gave 0."),
        ({"steps": 61}, "`steps` must be from 1 to 60; you gave 61."),
        ({"steps": 5.5}, "`steps` takes a whole number."),
        ({"steps": True}, "`steps` takes a whole number."),
        ({"steps": "5"}, "`steps` takes a whole number."),
        ({"cfg": 0.5}, "`cfg` must be 1.0 or more; you gave 0.5."),
        ({"cfg": float("nan")}, "`cfg` takes a number."),
        ({"darkness": 3}, "`darkness` must be 2.5 or less; you gave 3."),
        ({"tile": 1}, "`tile` takes true or false."),
        ({"prompt": 5}, "`prompt` takes a text."),
        ({"prompt": "x" * 21}, "`prompt` has 21 characters; 20 are allowed."),
        ({"style": "no"}, "`style` has 2 characters; it needs 3 or more."),
        ({"image": "in.png"}, "`image` takes a file."),
        (
            {"sampler": "eular"},
            "`sampler` cannot be `eular`. Did you mean `euler`? It can be: euler, dpmpp_2m.",
        ),
        ({"sampler": "zzz"}, "`sampler` cannot be `zzz`. It can be: euler, dpmpp_2m."),
        (
            {"image": replace(PHOTO, content_type="image/gif")},
            "`image` cannot be image/gif. Attach one of: image/png, image/jpeg.",
        ),
        (
            {"image": replace(PHOTO, content_type="")},
            "`image` cannot be a file of unknown type. Attach one of: image/png, image/jpeg.",
        ),
        (
            {"image": replace(PHOTO, size=12_340_000)},
            "`image` may have 2.5 MB; this file has 12.3 MB. Attach a smaller one.",
        ),
        ({"image": replace(PHOTO, size=0)}, "`image` is an empty file. Attach another one."),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(
    given: dict[str, Value], told: str
) -> None:
    assert refusal(**given) == told


def test_an_unknown_option_is_answered_with_the_nearest_and_all_others() -> None:
    told = refusal(step=5)

    assert "Painter has no option `step`. Did you mean `steps`?" in told
    assert "prompt, style, steps" in told


def test_an_option_that_other_workflows_have_is_answered_with_their_names() -> None:
    mask = Option("mask", OptionKind.ATTACHMENT, "Where")
    others = [replace(RECIPE, title=title, options=(mask,)) for title in ("Patcher", "Filler")]
    with pytest.raises(InvalidOption) as caught:
        resolve_options(
            RECIPE,
            {"prompt": "x", "mask": PHOTO},
            draw=lambda low, _: low,
            others=[RECIPE, *others],
        )
    assert str(caught.value) == (
        "Painter has no option `mask`. Choose a `workflow` that has it (Patcher, Filler), "
        "or leave it out."
    )


def test_a_missing_required_option_is_named_with_what_it_is_for() -> None:
    with pytest.raises(InvalidOption, match="`prompt` is needed for Painter: What to paint"):
        resolve_options(RECIPE, {}, draw=lambda low, _: low)


@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\x00\x07", "\u200b\u200d \u202e", "\ud800"])
def test_a_prompt_that_shows_nothing_is_refused(blank: str) -> None:
    assert refusal(prompt=blank) == "`prompt` is empty: What to paint"


def test_every_mistake_is_told_at_once() -> None:
    told = refusal(prompt="", steps=99, sampler="x", colour="red").splitlines()

    assert len(told) == 4


def test_what_a_member_is_told_fits_into_one_message() -> None:
    many = tuple(Choice(f"{n}" * 90, f"{n}" * 90) for n in range(25))
    options = tuple(
        Option(f"o{n}", OptionKind.STRING, "Many", choices=many, slots=()) for n in range(25)
    )
    given = {option.name: "`@everyone`\n" * 100 for option in options}

    with pytest.raises(InvalidOption) as caught:
        resolve_options(replace(RECIPE, options=options), given, draw=lambda low, _: low)

    assert len(str(caught.value)) <= 2000
    assert "`@everyone`" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("a\x00b\x1b[31mc\x7f\x85", "ab[31mc"),
        ("half \ud83e pair", "half  pair"),
        ("line\r\nline\ttab", "line\nline\ttab"),
        ("\u202e\u05d0 \u200bz\u200d\ufeff", "\u202e\u05d0 \u200bz\u200d\ufeff"),
        ("🦊 fox", "🦊 fox"),
        ("  spaces  ", "  spaces  "),
    ],
)
def test_only_what_is_no_character_is_removed_from_a_text(written: str, taken: str) -> None:
    assert resolve(prompt=written)["prompt"] == taken


def test_a_file_of_the_right_type_is_taken_whatever_else_its_type_says() -> None:
    photo = replace(PHOTO, content_type="Image/PNG; charset=binary")

    assert resolve(image=photo)["image"] == photo


def test_a_whole_number_is_a_number() -> None:
    assert resolve(cfg=7)["cfg"] == 7

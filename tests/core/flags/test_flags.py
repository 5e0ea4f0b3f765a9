"""Flags in a prompt: what is read, what is refused, and which options they set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillery.core.errors import InvalidOption
from distillery.core.flags.apply import apply_flags
from distillery.core.flags.example import example_for
from distillery.core.flags.parse import parse_flags
from distillery.core.flags.table import FLAGS, Flag, FlagKind
from distillery.core.recipes.options import check_value
from distillery.core.recipes.recipe import Attachment, Choice, Option, OptionKind, Recipe
from distillery.recipe_files import load_recipes

VALUES = {
    FlagKind.SWITCH: ("", True),
    FlagKind.WORD: ("sdxl", "sdxl"),
    FlagKind.WORDS: ("a,b", ("a", "b")),
    FlagKind.TEXT: ("blurry, dark", "blurry, dark"),
    FlagKind.INTEGER: ("7", 7),
    FlagKind.NUMBER: ("0.5", 0.5),
    FlagKind.RATIO: ("27:18", "27:18"),
    FlagKind.LINK: ("https://cdn.example/a.png", "https://cdn.example/a.png"),
}


SHIPPED = load_recipes(Path(__file__).parents[3] / "workflows")


def recipe(*options: Option, name: str = "plain", title: str = "Plain") -> Recipe:
    prompt = Option("prompt", OptionKind.STRING, "What to paint", required=True)
    return Recipe(name, title, "x", True, {}, (prompt, *options), ("9",))


def option(kind: OptionKind, flag: str, name: str | None = None, **more: Any) -> Option:
    return Option(name or flag, kind, "x", flag=flag, **more)


def applied(recipe: Recipe, prompt: str, **given: Any) -> dict[str, Any]:
    return apply_flags(recipe, [recipe], {"prompt": prompt, **given})


def refusal(recipe: Recipe, prompt: str) -> str:
    with pytest.raises(InvalidOption) as refused:
        applied(recipe, prompt)
    return str(refused.value)


def test_there_are_all_34_flags_of_the_first_distillery() -> None:
    assert len(FLAGS) == 34


@pytest.mark.parametrize("flag", FLAGS.values(), ids=lambda flag: flag.name)
def test_every_flag_is_read_with_a_value_of_its_kind(flag: Flag) -> None:
    written, value = VALUES[flag.kind]

    found = parse_flags(f"a red fox --{flag.name} {written}")

    assert (found.text, dict(found.flags)) == ("a red fox", {flag.name: value})


@pytest.mark.parametrize("flag", FLAGS.values(), ids=lambda flag: flag.name)
def test_the_example_of_every_flag_can_be_read(flag: Flag) -> None:
    example = flag.example.replace("address", "https://cdn.example/a.png")

    assert flag.name in parse_flags(example).flags


@pytest.mark.parametrize(
    ("written", "text", "flags"),
    [
        ("a fox", "a fox", {}),
        ("", "", {}),
        ("a fox \u2014ar 3:2", "a fox", {"ar": "3:2"}),  # as a telephone writes it
        ("--seed 7 a fox", "a fox", {"seed": 7}),
        ("a fox --raw in snow", "a fox in snow", {"raw": True}),
        ("a fox --lora a,b in snow", "a fox in snow", {"lora": ("a", "b")}),
        ("a fox --lora a,b, at night", "a fox at night", {"lora": ("a", "b")}),
        ("a fox --lora a, b, at night", "a fox b, at night", {"lora": ("a",)}),
        ("a fox --lora a,b. Snow", "a fox Snow", {"lora": ("a", "b")}),
        ("--seed 7\nat night", "at night", {"seed": 7}),
        ("a fox --AR 16x9", "a fox", {"ar": "16:9"}),
        ("a fox --cfg 4,5", "a fox", {"cfg": 4.5}),
        ("a fox --image <https://x.example/a.png>", "a fox", {"image": "https://x.example/a.png"}),
        ("a fox --seed=7", "a fox", {"seed": 7}),
        ("a fox --ar=16:9 --neg=dark, wet", "a fox", {"ar": "16:9", "neg": "dark, wet"}),
        ("a fox, --raw, at night", "a fox, at night", {"raw": True}),
        ("a fox -\u2013ar 3:2", "a fox", {"ar": "3:2"}),  # as a telephone writes it at times
        ("a fox --seed 7, at night", "a fox at night", {"seed": 7}),
        ("a fox --cfg 7.5; --ar 16:9.", "a fox", {"cfg": 7.5, "ar": "16:9"}),
        ("a fox --sampler euler, at night", "a fox at night", {"sampler": "euler"}),
        ("a dash \u2013\u2013 of 1--2=3 red", "a dash \u2013\u2013 of 1--2=3 red", {}),
        ("state--of--the--art -- a fox - red", "state--of--the--art -- a fox - red", {}),
        ("a (red:1.2) fox, ::blue EYES::", "a (red:1.2) fox, ::blue EYES::", {}),
        ("a fox\n--neg two\nlines --seed 1", "a fox", {"neg": "two\nlines", "seed": 1}),
    ],
)
def test_words_and_flags_are_parted(written: str, text: str, flags: dict[str, Any]) -> None:
    found = parse_flags(written)

    assert (found.text, dict(found.flags)) == (text, flags)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a fox --sed 7", "There is no flag `--sed`. Did you mean `--seed 7`?"),
        ("a fox --xyzzy", "There is no flag `--xyzzy`. `/help workflow:` lists"),
        ("a fox --xyzzy=1, red", "There is no flag `--xyzzy`."),
        ("a fox --raw=false", "`--raw` takes no value"),
        ("a fox --seed=", "`--seed` needs a value, such as `--seed 7`."),
        ("a fox --seed", "`--seed` needs a value, such as `--seed 7`."),
        ("a fox --seed 7 --seed 8", "`--seed` is there twice."),
        ("a fox --seed x`y", "`--seed` takes a whole number of 0 or more, not `x'y`"),
        ("a fox --cfg 31", "`--cfg` takes a number from 0 to 30, not `31`"),
        ("a fox --cfg nan", "not `nan`"),
        ("a fox --ar 0:1", "`--ar` takes width:height, not `0:1`"),
        ("a fox --lora a,b,c,d,e,f", "`--lora` takes 1 to 5 names"),
        ("a fox --image http://x.example/a.png", "takes the address of a picture in Discord"),
    ],
)
def test_a_bad_flag_is_answered_with_what_would_be_right(written: str, said: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        parse_flags(written)

    assert said in str(refused.value)


def test_every_bad_flag_has_a_line() -> None:
    with pytest.raises(InvalidOption) as refused:
        parse_flags("a fox --sed 7 --cfg x --ar y")

    assert len(str(refused.value).splitlines()) == 3


@given(st.text())
def test_no_text_does_more_than_be_read_or_refused(written: str) -> None:
    try:
        found = parse_flags(written)
    except InvalidOption:
        return
    assert "--seed 7" not in found.text


@pytest.mark.parametrize("recipe", SHIPPED.values(), ids=lambda recipe: recipe.name)
def test_a_recipe_takes_its_own_example_of_each_flag(recipe: Recipe) -> None:
    options = {option.name: option for option in recipe.options}
    for name in {option.flag for option in recipe.options if option.flag}:
        example = example_for(recipe, FLAGS[name]).replace("address", "https://cdn.example/a.png")
        given = applied(recipe, f"a fox {example}")
        assert len(given) > 1, example
        for one, value in given.items():
            check_value(options[one], value)


@pytest.mark.parametrize(
    ("option", "example"),
    [
        (option(OptionKind.NUMBER, "cfg", minimum=1.0, maximum=20.0), "--cfg 1"),
        (option(OptionKind.NUMBER, "cfg", default=6.5), "--cfg 6.5"),
        (option(OptionKind.INTEGER, "seed", maximum=4), "--seed 4"),
        (
            option(OptionKind.STRING, "model", choices=(Choice("Big", "my big_one.safetensors"),)),
            "--model my-big_one",
        ),
        (option(OptionKind.STRING, "llm"), "--llm name"),
    ],
)
def test_an_example_fits_the_option(option: Option, example: str) -> None:
    assert option.flag is not None
    assert example_for(recipe(option), FLAGS[option.flag]) == example
    name, value = example.split()
    check_value(option, applied(recipe(option), f"a fox {name} {value}")[option.name])


def test_a_flag_wins_over_the_option_of_the_command() -> None:
    made = applied(recipe(option(OptionKind.INTEGER, "seed")), "a fox --seed 7", seed=1)

    assert made == {"prompt": "a fox", "seed": 7}


def test_options_without_a_flag_in_the_prompt_stay() -> None:
    assert applied(recipe(option(OptionKind.INTEGER, "seed")), "a fox", seed=1) == {
        "prompt": "a fox",
        "seed": 1,
    }


def test_a_list_sets_one_option_after_the_other() -> None:
    loras = (option(OptionKind.STRING, "lora", f"lora_{n}") for n in (1, 2))

    made = applied(recipe(*loras), "a fox --lora ink,gold")

    assert (made["lora_1"], made["lora_2"]) == ("ink", "gold")


LORAS = (Choice("Pixel art", "pixel-art-xl.safetensors"), Choice("Ink", "ink.safetensors"))


def two_loras() -> Recipe:
    named = ("lora_1", "lora_2")
    return recipe(*(option(OptionKind.STRING, "lora", n, choices=LORAS) for n in named))


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("--lora ink, pixel-art-xl, at night", "ink,pixel-art-xl"),
        ("--lora ink ,Pixel art, at night", "ink,Pixel-art"),
        ("--lora ink, pixel-art-xl at night", "ink,pixel-art-xl"),
        ("--lora ink, ink, Pixel art", "ink,ink,Pixel-art"),
    ],
)
def test_a_list_with_blanks_is_answered_with_the_one_that_was_meant(
    written: str, names: str
) -> None:
    assert f"Write `--lora {names}`, or put the words in front" in refusal(two_loras(), written)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a fox --lora ink, at night", "a fox at night"),
        ("a fox --lora ink, inky, dark", "a fox inky, dark"),
        ("a fox --lora ink pixel-art-xl", "a fox pixel-art-xl"),
        ("a fox --lora ink,", "a fox"),
    ],
)
def test_what_follows_a_list_behind_a_blank_is_painted(written: str, text: str) -> None:
    assert applied(two_loras(), written) == {"prompt": text, "lora_1": "ink"}


def test_a_list_longer_than_the_recipe_can_take_is_refused() -> None:
    one = recipe(option(OptionKind.STRING, "lora"))

    assert "`--lora` takes 1 here; you gave 2." in refusal(one, "a fox --lora ink,gold")


def test_a_shared_weight_is_for_every_image_that_has_none_of_its_own() -> None:
    weights = [option(OptionKind.NUMBER, f"adaptweight{n}") for n in (1, 2)]

    made = applied(recipe(*weights), "a fox --adaptweight 0.2 --adaptweight2 0.9")

    assert (made["adaptweight1"], made["adaptweight2"]) == (0.2, 0.9)


def test_a_link_becomes_a_file_whose_place_is_checked_like_an_attachment_s() -> None:
    image = option(OptionKind.ATTACHMENT, "image", max_bytes=1000)

    made = applied(recipe(image), "a fox --image https://cdn.example/x/a%20b.jpg?ex=1")

    address = "https://cdn.example/x/a%20b.jpg?ex=1"
    assert made["image"] == Attachment("a b.jpg", address, "image/jpeg", 1000)


def test_a_flag_that_another_workflow_uses_names_that_workflow() -> None:
    plain = recipe()
    other = recipe(option(OptionKind.INTEGER, "seed"), name="other")

    with pytest.raises(InvalidOption, match="Plain does not use `--seed`; `other` can"):
        apply_flags(plain, [plain, other], {"prompt": "a fox --seed 7"})


def test_a_flag_that_nothing_uses_says_so() -> None:
    assert "no workflow that is installed here uses it" in refusal(recipe(), "a fox --sharpen 1")


def test_words_that_no_recipe_can_keep_apart_are_refused_with_what_to_write() -> None:
    assert "cannot keep words apart with `::`" in refusal(recipe(), "::blue EYES::, red hair")

    cutoff = recipe(option(OptionKind.NUMBER, "cutoffweight"))
    assert applied(cutoff, "::blue EYES::, red hair")["prompt"] == "::blue EYES::, red hair"
    assert applied(recipe(), "cat::2 dog::1")["prompt"] == "cat::2 dog::1"

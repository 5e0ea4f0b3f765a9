"""Interactions of every kind, as Discord may send them and as it never would."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from distillery.core.locales import LOCALES
from distillery.core.recipes.recipe import OptionKind, Recipe
from distillery.discord.buttons import MADE_BY, Action
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.discord.interaction import PICTURE_INFO, UPSCALE, USE_AS_INPUT, VARIATIONS
from tests.lambdas.conftest import event
from tests.lambdas.whole_room import HOST, OWNER, RECIPES, STATES, job_id_of

Document = dict[str, Any]

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 1, 2, 3, 4, 5
IS_V2 = 1 << 15
COMMANDS = {command["name"]: command for command in all_commands(RECIPES, CommandStyle.BOTH)}
TYPED = {name: one for name, one in COMMANDS.items() if one["type"] == 1}
MENU = [PICTURE_INFO, UPSCALE, VARIATIONS, USE_AS_INPUT]
HOSTILE = [
    *("@everyone @here <@400000000000000042> <@&400000000000000010> <#1> </serve:1>", "", " ", "0"),
    *(
        "```\n# **__~~||",
        "\u202e\u200b\ufeff\x00",
        "\ud800",
        "{0.__class__} {values} {",
        "%s %(a)s",
    ),
    *(
        "a fox --seed 99999999999999999999",
        "--ar 0:0",
        "--ar 27:18 --neg -- --raw",
        "--lora a,b,c,d,e,f",
    ),
    *("--image https://169.254.169.254/", "--model ../../etc --nope", "::blue EYES:: (a:1.2)"),
    *("again:0", "again:1-2:99", "'; DROP TABLE jobs --", '["4", 0]', '{"class_type": "X"}'),
    *("x" * 6001, "ﷺ" * 700, "👩‍👩‍👧‍👦" * 300, "naked", "\n\n\n", "-1", "1e999", "²"),
]
texts = st.one_of(st.text(max_size=80), st.sampled_from(HOSTILE))
MILD = [
    *("a red fox in snow", "two kites above a beach, oil painting", "ein Leuchtturm im Nebel"),
    *("un vieux moulin (sepia:1.2)", "a fox --seed 7", "a harbour at dawn --ar 3:2", "灯台と海"),
]
SOUND = {
    "id": "7",
    "filename": "a.png",
    "url": f"{HOST}/a/b.png",
    "content_type": "image/png",
    "size": 1000,
}
odd = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
job_ids = st.one_of(
    st.builds(
        job_id_of,
        st.sampled_from(list(RECIPES)),
        st.sampled_from(STATES),
        part=st.sampled_from([0, 0, 0, 1]),
    ),
    st.sampled_from(["1", "400000000000000100", "", "x", "400000000000000100-2"]),
    texts,
)
addresses = st.one_of(
    st.just(f"{HOST}/a/b.png"),
    st.just(f"{HOST}/c.png"),
    st.sampled_from(
        [f"{HOST}/a/b.png", f"{HOST}/" + "a" * 3000, "https://example.com/a.png", "ftp:"]
    ),
    texts,
)
files = st.fixed_dictionaries(
    {
        "id": st.just("7"),
        "filename": st.one_of(st.just("a.png"), texts),
        "url": addresses,
        "content_type": st.sampled_from(["image/png", "image/jpeg", "image/webp", "text/html"]),
        "size": st.sampled_from([3, 10**6, 0, 10**10]),
    }
)


@st.composite
def documents(draw: st.DrawFn, kind: int, data: st.SearchStrategy[Document]) -> Document:
    """Draw an interaction of a kind, in any place and language; some with a part missing."""
    document = copy.deepcopy(event("interaction_button"))
    del document["message"]
    document |= {"type": kind, "id": str(4 * 10**17 + draw(st.integers(0, 10**6)))}
    document["locale"] = draw(st.sampled_from([*LOCALES, "xx", "../de", None]))
    document |= draw(data)
    if draw(st.booleans()):
        permissions = draw(st.sampled_from(["0", "32", str(1 << 13), "8"]))
        document["member"]["permissions"] = permissions
    else:
        document["user"] = document.pop("member")["user"]
        del document["guild_id"]
    who = document.get("member", document)["user"]
    who["id"] = draw(st.sampled_from([OWNER, "400000000000000043"]))
    return document if draw(st.integers(0, 7)) else draw(mangled(document))


@st.composite
def mangled(draw: st.DrawFn, document: Document) -> Document:
    """Draw the document with one part of it missing, or something else."""
    document = copy.deepcopy(document)  # parts of it are those of others too
    paths = list(_paths(document))
    *path, last = draw(st.sampled_from(paths))
    place = document
    for step in path:
        place = place[step]
    if draw(st.booleans()):
        del place[last]
    else:
        place[last] = draw(st.one_of(odd, st.just([]), st.just({})))
    return document


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Any:
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, one in inner:
        if (*before, key) != ("type",):  # of what kind it is, is known in each test
            yield (*before, key)
            yield from _paths(one, (*before, key))


@st.composite
def value_of(draw: st.DrawFn, option: Document) -> Any:
    """Draw what a member gives for an option: mostly what Discord lets through."""
    if draw(st.integers(0, 15)) == 0:
        return draw(odd)
    if choices := option.get("choices"):
        return draw(st.sampled_from(choices))["value"]
    low, high = option.get("min_value", -(2**40)), option.get("max_value", 2**40)
    of_type: dict[int, st.SearchStrategy[Any]] = {
        3: texts,
        4: st.integers(int(low), int(high)),
        5: st.booleans(),
        10: st.floats(low, high),
    }
    return draw(of_type.get(option["type"], st.just("7")))  # a file, a member or a channel


@st.composite
def given_options(draw: st.DrawFn, options: list[Document]) -> list[Document]:
    """Draw options of a command: those it needs, and some others."""
    parts = [option for option in options if option["type"] == 1]
    if parts:
        part = draw(st.sampled_from(parts))
        inner = draw(given_options(part.get("options", [])))
        return [{"name": part["name"], "type": 1, "options": inner}]
    wanted = [o for o in options if o.get("required") or draw(st.integers(0, 2)) == 0]
    return [{"name": o["name"], "type": o["type"], "value": draw(value_of(o))} for o in wanted]


@st.composite
def sound_values(draw: st.DrawFn, recipe: Recipe) -> list[Document]:
    """Draw options as a member gives them who wants a picture of a recipe."""
    given = []
    for option in recipe.options:
        if option.hidden or not (option.required or draw(st.integers(0, 2)) == 0):
            continue
        of_kind: dict[OptionKind, tuple[int, st.SearchStrategy[Any]]] = {
            OptionKind.STRING: (3, st.sampled_from(MILD)),
            OptionKind.SIZE: (3, st.sampled_from(["3:2", "1:1", "512x768"])),
            OptionKind.INTEGER: (
                4,
                st.integers(int(option.minimum or 0), int(option.maximum or 9)),
            ),
            OptionKind.BOOLEAN: (5, st.booleans()),
            OptionKind.NUMBER: (10, st.floats(option.minimum or 0, option.maximum or 9)),
            OptionKind.ATTACHMENT: (11, st.just("7")),
        }
        number, values = of_kind[option.kind]
        if option.choices:
            values = st.sampled_from([choice.value for choice in option.choices])
        given.append({"name": option.name, "type": number, "value": draw(values)})
    return given


@st.composite
def sound_commands(draw: st.DrawFn) -> Document:
    """Draw the data of a command that makes a picture, with nothing wrong with it."""
    recipe = draw(st.sampled_from([*RECIPES.values()]))
    name = draw(st.sampled_from([recipe.name, "serve"]))
    options = draw(sound_values(recipe))
    if name == "serve":
        options.append({"name": "workflow", "type": 3, "value": recipe.name})
    resolved = {"attachments": {"7": SOUND}}
    return {"data": {"id": "3", "name": name, "type": 1, "options": options, "resolved": resolved}}


@st.composite
def hostile_commands(draw: st.DrawFn) -> Document:
    """Draw the data of a slash command with whatever may be wrong with one."""
    name = draw(st.sampled_from([*TYPED, "serve", "serve", "serve", "gone"]))
    options = TYPED.get(name, {}).get("options", [])
    workflow = draw(st.sampled_from([None, *RECIPES])) if name == "serve" else None
    if workflow:  # mostly what it takes, for else nothing would ever be made
        takes = {option.name for option in RECIPES[workflow].options} | {"images"}
        options = [o for o in options if o["name"] in takes]
    options = draw(given_options(options))
    if workflow:
        options.append({"name": "workflow", "type": 3, "value": workflow})
    resolved = {"attachments": {"7": draw(files)}}
    return {"data": {"id": "3", "name": name, "type": 1, "options": options, "resolved": resolved}}


@st.composite
def menus(draw: st.DrawFn) -> Document:
    """Draw the data of a command in the menu of a message."""
    shown = {"media": {"url": draw(addresses), "content_type": "image/png"}}
    message = {
        "id": "88",
        "content": draw(texts),
        "attachments": draw(st.one_of(st.just([SOUND]), st.lists(files, max_size=12))),
        "components": [{"type": 12, "items": [shown]}] if draw(st.booleans()) else [],
    }
    name = draw(st.sampled_from([*MENU, "gone"]))
    data = {"id": "3", "name": name, "type": 3, "target_id": "88"}
    return {"data": {**data, "resolved": {"messages": {"88": message}}}}


@st.composite
def components(draw: st.DrawFn) -> Document:
    """Draw the data of a button or a menu: ours, an old one, or one that never was."""
    action, job_id = draw(st.sampled_from([*Action])), draw(job_ids)
    custom_id = draw(
        st.sampled_from(
            [
                f"{action}:{job_id}",
                f"{action}:{job_id}:{draw(st.integers(0, 12))}",
                *(f"history:{draw(st.integers(0, 30))}", f"history:favourites:{job_id}"),
                *(f"help:{draw(st.sampled_from([*RECIPES, *COMMANDS]))}:0", f"help:{job_id}:9"),
                *("look", "history", "old", f"pick:{draw(st.sampled_from(MENU))}:0", "pick:Info:x"),
                draw(texts),
            ]
        )
    )
    data: Document = {"custom_id": custom_id, "component_type": 2}
    if draw(st.booleans()):
        chosen = st.one_of(job_ids, job_ids.map(lambda job_id: f"{job_id}:0"))
        data |= {"component_type": 3, "values": draw(st.lists(chosen, max_size=2))}
    turned = custom_id.startswith(("history", "help"))
    embeds = [{"image": {"url": draw(addresses)}}]
    message = {"id": "88", "flags": 64 if turned else IS_V2, "embeds": embeds}
    return {"data": data, "message": message}


@st.composite
def modals(draw: st.DrawFn) -> Document:
    """Draw the data of a form that was sent."""
    action = draw(st.sampled_from(["edit", "remix", "use", "old", *Action]))
    name = draw(
        st.sampled_from([action, f"{action}:{draw(job_ids)}", f"{action}:{draw(job_ids)}:0"])
    )
    of_recipe = [option.name for recipe in RECIPES.values() for option in recipe.options]
    fields = st.dictionaries(st.one_of(st.sampled_from(of_recipe), texts), texts, max_size=5)
    parts = [
        {"type": 18, "component": {"type": 4, "custom_id": field, "value": value}}
        for field, value in draw(fields).items()
    ]
    return {
        "data": {"custom_id": name, "components": parts},
        "message": {"id": "88", "flags": IS_V2},
    }


@st.composite
def sound_clicks(draw: st.DrawFn) -> Document:
    """Draw the data of a button that makes a picture of one that is there."""
    done = job_id_of(draw(st.sampled_from([*RECIPES])), "done", part=draw(st.sampled_from([0, 1])))
    action = draw(st.sampled_from([Action.AGAIN, Action.SAME, *MADE_BY]))
    data = {"custom_id": f"{action}:{done}:0", "component_type": 2}
    return {"data": data, "message": {"id": "88", "flags": IS_V2}}


@st.composite
def sound_forms(draw: st.DrawFn) -> Document:
    """Draw the data of a form with other words for a request."""
    done = job_id_of(draw(st.sampled_from([*RECIPES])), draw(st.sampled_from(STATES[:3])))
    field = {"type": 4, "custom_id": "prompt", "value": draw(st.sampled_from(MILD))}
    name = draw(st.sampled_from([f"{Action.EDIT}:{done}", f"{Action.REMIX}:{done}:0"]))
    data = {"custom_id": name, "components": [{"type": 18, "component": field}]}
    return {"data": data, "message": {"id": "88", "flags": IS_V2}}


@st.composite
def typings(draw: st.DrawFn) -> Document:
    """Draw the data of a member who types into an option."""
    name = draw(st.sampled_from([*TYPED, "serve", "serve"]))
    options = [o for o in TYPED[name].get("options", []) if o["type"] != 1]
    given = draw(given_options(options)) or [{"name": "prompt", "type": 3, "value": ""}]
    given[-1] |= {
        "focused": True,
        "value": draw(st.one_of(texts, st.sampled_from(["--", "a --s"]))),
    }
    return {"data": {"id": "3", "name": name, "type": 1, "options": given}}


KINDS = {
    "ping": (documents(PING, st.just({})), 0.02),
    "command": (documents(COMMAND, st.one_of(sound_commands(), hostile_commands())), 0.38),
    "menu of a message": (documents(COMMAND, menus()), 0.1),
    "component": (documents(COMPONENT, st.one_of(sound_clicks(), components())), 0.25),
    "form": (documents(MODAL, st.one_of(sound_forms(), modals())), 0.15),
    "typing": (documents(AUTOCOMPLETE, typings()), 0.1),
}
"""Each kind, and its share of all interactions."""

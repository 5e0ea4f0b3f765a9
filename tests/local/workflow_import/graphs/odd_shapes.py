"""Graphs whose words and numbers stand where they are not looked for first."""

from __future__ import annotations

from typing import Any

from tests.local.workflow_import.graphs.parts import (
    PLAIN,
    SAMPLER,
    SD15,
    Case,
    Document,
    checkpoint,
    empty,
    node,
    plain,
    sampler,
    save,
    text,
    without,
)


def joined(first: Any, second: Any, **more: Document) -> Document:
    join = node("StringConcatenate", None, string_a=first, string_b=second, delimiter=", ")
    return plain(**{"6": text("@20"), "20": join}, **more)


CASES: dict[str, Case] = {
    "primitives": Case(
        plain(
            **{
                "20": node("PrimitiveStringMultiline", "My prompt", value="a fox"),
                "21": node("PrimitiveInt", "Side", value=512),
                "22": node("PrimitiveInt", "Seed", value=7),
                "6": text("@20"),
                "5": node("EmptyLatentImage", None, width="@21", height="@21", batch_size=1),
                "3": sampler(seed="@22"),
            }
        ),
        without(PLAIN, "height") | {"prompt": "20.value", "width": "21.value", "seed": "22.value"},
        "9",
        SD15,
        decided=("are one number",),
    ),
    "words_joined_to_a_typed_style": Case(
        joined("@21", "masterpiece", **{"21": node("PrimitiveString", "Words", value="a fox")}),
        PLAIN | {"prompt": "21.value"},
        "9",
        SD15,
        decided=("stays as exported: 'string_b'",),
    ),
    "two_typed_texts_joined": Case(
        joined("a fox", "masterpiece"),
        PLAIN | {"prompt": "20.string_a", "prompt_2": "20.string_b"},
        "9",
        SD15,
        settle=("is joined of 'string_a'",),
    ),
    "one_encoder_for_both": Case(
        plain(**{"3": sampler(negative="@6")}),
        without(PLAIN, "negative"),
        "9",
        SD15,
        decided=("uses the prompt for both",),
    ),
    "two_samplers_two_prompts": Case(
        plain(
            **{
                "16": text("a forest"),
                "13": sampler(positive="@16"),
                "18": node("VAEDecode", None, samples="@13", vae="@4.2"),
                "19": save("@18"),
            }
        ),
        PLAIN
        | {
            "prompt_2": "16.text",
            **{name: f"{slot} 1{slot}" for name, slot in SAMPLER.items()},
        },
        "9 19",
        SD15,
        settle=("2 different texts for prompt",),
        decided=("files of 2 nodes",),
    ),
    "reroutes": Case(
        plain(
            **{
                "30": node("Reroute", None, **{"": "@6"}),
                "31": node("Reroute", None, **{"": "@30"}),
                "3": sampler(positive="@31"),
            }
        ),
        PLAIN,
        "9",
        SD15,
    ),
    "unknown_custom_nodes": Case(
        plain(
            **{
                "6": node("WeightedEncode+", None, text="(a fox:1.2)", clip="@4.1", mode="A1111"),
                "5": node("NiceLatent", None, width=768, height=512, batch_size=1),
                "9": node("UploadSomewhere", None, images="@8"),
            }
        ),
        PLAIN,
        "9",
        SD15,
        settle=("is taken for an output", "is taken for the size", "bounds of 'width'"),
    ),
    "efficient_nodes": Case(
        {
            "1": node(
                "Efficient Loader",
                None,
                ckpt_name="a.safetensors",
                vae_name="Baked VAE",
                lora_name="None",
                positive="a fox",
                negative="bad",
                empty_latent_width=512,
                empty_latent_height=768,
                batch_size=1,
            ),
            "2": node(
                "KSampler (Efficient)",
                None,
                seed=5,
                steps=20,
                cfg=7,
                sampler_name="euler",
                scheduler="normal",
                denoise=1,
                preview_method="auto",
                model="@1",
                positive="@1.1",
                negative="@1.2",
                latent_image="@1.3",
                optional_vae="@1.4",
            ),
            "3": save("@2.5"),
        },
        {
            "prompt": "1.positive",
            "negative": "1.negative",
            "steps": "2.steps",
            "cfg": "2.cfg",
            "seed": "2.seed",
            "sampler": "2.sampler_name",
            "scheduler": "2.scheduler",
        },
        "3",
        "checkpoints/a.safetensors",
    ),
    "subgraph": Case(
        {
            "57:3": sampler(
                model="@57:4", positive="@57:6", negative="@57:7", latent_image="@57:5"
            ),
            "57:4": checkpoint(),
            "57:5": empty(),
            "57:6": text("狐狸 🦊", "@57:4.1"),
            "57:7": text("", "@57:4.1"),
            "57:8": node("VAEDecode", None, samples="@57:3", vae="@57:4.2"),
            "9": save("@57:8"),
        },
        {name: f"57:{slot}" for name, slot in PLAIN.items()},
        "9",
        SD15,
    ),
    "numbers_as_texts": Case(
        plain(**{"3": sampler(steps="20", cfg="8.0")}),
        without(PLAIN, "steps", "cfg"),
        "9",
        SD15,
        settle=("holds the text '20' where a number is expected",),
    ),
    "no_titles": Case(
        {
            node_id: {k: v for k, v in entry.items() if k != "_meta"}
            for node_id, entry in plain().items()
        },
        PLAIN,
        "9",
        SD15,
    ),
}

"""Graphs that paint from words alone."""

from __future__ import annotations

from typing import Any

from tests.local.workflow_import.graphs.parts import (
    PLAIN,
    SD15,
    SIZE,
    WORDS,
    Case,
    Document,
    checkpoint,
    empty,
    linked,
    node,
    plain,
    sampler,
    save,
    text,
)


def refined() -> Document:
    half = {"noise_seed": 5, "steps": 25, "cfg": 8, "sampler_name": "euler", "scheduler": "normal"}
    return {
        "4": checkpoint("sd_xl_base_1.0.safetensors"),
        "12": checkpoint("sd_xl_refiner_1.0.safetensors"),
        "5": empty(width=1024, height=1024),
        "6": text("a ship in a bottle"),
        "7": text("text"),
        "15": text("a ship in a bottle", "@12.1"),
        "16": text("text", "@12.1"),
        "10": node("KSamplerAdvanced", "base", add_noise="enable", start_at_step=0, **half) | {},
        "11": node("KSamplerAdvanced", "refiner", add_noise="disable", start_at_step=20, **half),
        "17": node("VAEDecode", None, samples="@11", vae="@12.2"),
        "19": save("@17"),
    }


def _with_inputs(entry: Document, **inputs: Any) -> Document:
    held = entry["inputs"] | {name: linked(value) for name, value in inputs.items()}
    return entry | {"inputs": held}


def refiner() -> Document:
    graph = refined()
    links = {"positive": "@6", "negative": "@7", "model": "@4", "latent_image": "@5"}
    graph["10"] = _with_inputs(graph["10"], end_at_step=20, **links)
    links = {"positive": "@15", "negative": "@16", "model": "@12", "latent_image": "@10"}
    graph["11"] = _with_inputs(graph["11"], end_at_step=10000, **links)
    return graph


def loras() -> Document:
    return plain(
        **{
            "10": node(
                "LoraLoader",
                None,
                lora_name="a.safetensors",
                strength_model=1,
                strength_clip=1,
                model="@4",
                clip="@4.1",
            ),
            "11": node(
                "LoraLoader",
                None,
                lora_name="style/b.safetensors",
                strength_model=0.5,
                strength_clip=1,
                model="@10",
                clip="@10.1",
            ),
            "6": text("a fox", "@11.1"),
            "7": text("bad", "@11.1"),
            "3": sampler(model="@11"),
        }
    )


CASES: dict[str, Case] = {
    "sd15": Case(plain(), PLAIN, "9", SD15),
    "sdxl_base_and_refiner": Case(
        refiner(),
        {
            "prompt": "6.text 15.text",
            "negative": "7.text 16.text",
            **SIZE,
            "cfg": "10.cfg 11.cfg",
            "seed": "10.noise_seed 11.noise_seed",
            "sampler": "10.sampler_name 11.sampler_name",
            "scheduler": "10.scheduler 11.scheduler",
        },
        "19",
        "checkpoints/sd_xl_base_1.0.safetensors checkpoints/sd_xl_refiner_1.0.safetensors",
        settle=("steps are not offered",),
    ),
    "sdxl_turbo": Case(
        plain(
            **{
                "3": node(
                    "SamplerCustom",
                    None,
                    add_noise=True,
                    noise_seed=0,
                    cfg=1,
                    model="@4",
                    positive="@6",
                    negative="@7",
                    sampler="@14",
                    sigmas="@22",
                    latent_image="@5",
                ),
                "14": node("KSamplerSelect", None, sampler_name="euler_ancestral"),
                "22": node("SDTurboScheduler", None, steps=1, denoise=1, model="@4"),
            }
        ),
        WORDS
        | SIZE
        | {
            "steps": "22.steps",
            "cfg": "3.cfg",
            "seed": "3.noise_seed",
            "sampler": "14.sampler_name",
        },
        "9",
        SD15,
        decided=("is 1, as for models that need none",),
    ),
    "sdxl_two_encoders": Case(
        plain(
            **{
                "6": node(
                    "CLIPTextEncodeSDXL",
                    None,
                    width=512,
                    height=512,
                    crop_w=0,
                    crop_h=0,
                    target_width=512,
                    target_height=512,
                    text_g="a fox",
                    text_l="a fox",
                    clip="@4.1",
                )
            }
        ),
        PLAIN
        | {
            "prompt": "6.text_g 6.text_l",
            "width": "5.width 6.width 6.target_width",
            "height": "5.height 6.height 6.target_height",
        },
        "9",
        SD15,
        decided=("One size goes to", "One prompt goes to"),
    ),
    "sd3": Case(
        plain(
            **{
                "5": empty("EmptySD3LatentImage", 1024, 1024),
                "20": node(
                    "TripleCLIPLoader",
                    None,
                    clip_name1="clip_g.safetensors",
                    clip_name2="clip_l.safetensors",
                    clip_name3="t5.safetensors",
                ),
                "6": text("a fox", "@20"),
                "7": text("", "@20"),
                "21": node("ConditioningZeroOut", None, conditioning="@7"),
                "22": node(
                    "ConditioningSetTimestepRange", None, start=0.1, end=1, conditioning="@21"
                ),
                "23": node(
                    "ConditioningSetTimestepRange", None, start=0, end=0.1, conditioning="@7"
                ),
                "24": node("ConditioningCombine", None, conditioning_1="@22", conditioning_2="@23"),
                "3": sampler(negative="@24"),
            }
        ),
        PLAIN,
        "9",
        f"{SD15} text_encoders/clip_g.safetensors text_encoders/clip_l.safetensors "
        "text_encoders/t5.safetensors",
    ),
    "lora_stack": Case(
        loras(), PLAIN, "9", f"{SD15} loras/a.safetensors loras/style/b.safetensors"
    ),
    "high_resolution_fix": Case(
        plain(
            **{
                "20": node(
                    "LatentUpscale",
                    None,
                    upscale_method="bislerp",
                    width=1024,
                    height=1024,
                    crop="disabled",
                    samples="@3",
                ),
                "21": sampler(latent_image="@20", steps=14, denoise=0.5, seed=9),
                "8": node("VAEDecode", None, samples="@21", vae="@4.2"),
            }
        ),
        PLAIN
        | {
            "seed": "3.seed 21.seed",
            "cfg": "3.cfg 21.cfg",
            "sampler": "3.sampler_name 21.sampler_name",
            "scheduler": "3.scheduler 21.scheduler",
        },
        "9",
        SD15,
        decided=("stays 1024 × 1024", "stays 14", "stays 0.5"),
    ),
}

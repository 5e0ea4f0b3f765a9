"""Graphs of Flux: a model whose parts are loaded one by one, and a sampler in pieces."""

from __future__ import annotations

from tests.local.workflow_import.graphs.parts import (
    Case,
    Document,
    empty,
    node,
    save,
    text,
    without,
)


def flux(**changed: Document) -> Document:
    return {
        "5": empty("EmptySD3LatentImage", 1024, 1024),
        "6": text("cute anime girl", "@11"),
        "8": node("VAEDecode", None, samples="@13", vae="@10"),
        "9": save(),
        "10": node("VAELoader", "Load VAE", vae_name="ae.safetensors"),
        "11": node(
            "DualCLIPLoader",
            None,
            clip_name1="t5xxl_fp16.safetensors",
            clip_name2="clip_l.safetensors",
            type="flux",
        ),
        "12": node("UNETLoader", None, unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "13": node(
            "SamplerCustomAdvanced",
            None,
            noise="@25",
            guider="@22",
            sampler="@16",
            sigmas="@17",
            latent_image="@5",
        ),
        "16": node("KSamplerSelect", None, sampler_name="euler"),
        "17": node("BasicScheduler", None, scheduler="simple", steps=20, denoise=1, model="@30"),
        "22": node("BasicGuider", None, model="@30", conditioning="@26"),
        "25": node("RandomNoise", None, noise_seed=219670278747233),
        "26": node("FluxGuidance", None, guidance=3.5, conditioning="@6"),
        "30": node(
            "ModelSamplingFlux",
            None,
            max_shift=1.15,
            base_shift=0.5,
            width=1024,
            height=1024,
            model="@12",
        ),
    } | changed


FLUX = {
    "prompt": "6.text",
    "width": "5.width 30.width",
    "height": "5.height 30.height",
    "batch": "5.batch_size",
    "steps": "17.steps",
    "guidance": "26.guidance",
    "seed": "25.noise_seed",
    "sampler": "16.sampler_name",
    "scheduler": "17.scheduler",
}


FLUX_MODELS = (
    "diffusion_models/flux1-dev.safetensors text_encoders/clip_l.safetensors "
    "text_encoders/t5xxl_fp16.safetensors vae/ae.safetensors"
)


CASES: dict[str, Case] = {
    "flux_dev": Case(flux(), FLUX, "9", FLUX_MODELS),
    "flux_two_texts": Case(
        flux(
            **{
                "6": node(
                    "CLIPTextEncodeFlux",
                    None,
                    clip_l="fox, snow",
                    t5xxl="A fox sits in the snow.",
                    guidance=3.5,
                    clip="@11",
                ),
                "22": node("BasicGuider", None, model="@30", conditioning="@6"),
            }
        ),
        without(FLUX, "prompt", "guidance")
        | {"prompt": "6.clip_l", "prompt_2": "6.t5xxl", "guidance": "6.guidance"},
        "9",
        FLUX_MODELS,
        settle=("2 different texts for prompt",),
    ),
    "flux_with_zeroed_negative": Case(
        flux(
            **{
                "22": node("CFGGuider", None, model="@30", cfg=1, positive="@26", negative="@31"),
                "31": node("ConditioningZeroOut", None, conditioning="@6"),
            }
        ),
        FLUX | {"cfg": "22.cfg"},
        "9",
        FLUX_MODELS,
        decided=("sets it to zero",),
    ),
}

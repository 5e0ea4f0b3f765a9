"""Graphs that start from a member's picture."""

from __future__ import annotations

from tests.local.workflow_import.graphs.parts import (
    LOAD,
    PLAIN,
    SD15,
    TOUCHED,
    Case,
    Document,
    node,
    plain,
    sampler,
    save,
)


def control() -> Document:
    return plain(
        **{
            "10": node(
                "ControlNetApplyAdvanced",
                None,
                positive="@6",
                negative="@7",
                control_net="@11",
                image="@12",
                strength=0.8,
                start_percent=0,
                end_percent=1,
            ),
            "11": node("ControlNetLoader", None, control_net_name="canny.pth"),
            "12": LOAD,
            "3": sampler(positive="@10", negative="@10.1"),
        }
    )


CASES: dict[str, Case] = {
    "image_to_image": Case(
        plain(
            **{
                "10": LOAD,
                "12": node("VAEEncode", None, pixels="@10", vae="@4.2"),
                "3": sampler(latent_image="@12", denoise=0.87),
            }
        ),
        TOUCHED,
        "9",
        SD15,
        decided=("'EmptyLatentImage' (node 5): not looked at",),
    ),
    "inpaint_by_transparency": Case(
        plain(
            **{
                "10": LOAD,
                "12": node(
                    "VAEEncodeForInpaint",
                    None,
                    grow_mask_by=6,
                    pixels="@10",
                    vae="@4.2",
                    mask="@10.1",
                ),
                "3": sampler(latent_image="@12"),
            }
        ),
        TOUCHED,
        "9",
        SD15,
        decided=("PNG or WebP with transparency",),
    ),
    "inpaint_with_a_mask_file": Case(
        plain(
            **{
                "10": LOAD,
                "11": node("LoadImageMask", None, image="mask.png", channel="red"),
                "12": node(
                    "InpaintModelConditioning",
                    None,
                    positive="@6",
                    negative="@7",
                    vae="@4.2",
                    pixels="@10",
                    mask="@11",
                    noise_mask=True,
                ),
                "3": sampler(positive="@12", negative="@12.1", latent_image="@12.2"),
            }
        ),
        TOUCHED | {"mask": "11.image"},
        "9",
        SD15,
    ),
    "outpaint": Case(
        plain(
            **{
                "10": LOAD,
                "11": node(
                    "ImagePadForOutpaint",
                    None,
                    left=0,
                    top=128,
                    right=0,
                    bottom=128,
                    feathering=40,
                    image="@10",
                ),
                "12": node(
                    "VAEEncodeForInpaint",
                    None,
                    grow_mask_by=8,
                    pixels="@11",
                    vae="@4.2",
                    mask="@11.1",
                ),
                "3": sampler(latent_image="@12"),
            }
        ),
        TOUCHED,
        "9",
        SD15,
    ),
    "control_net": Case(
        control(),
        PLAIN | {"image": "12.image", "control_strength": "10.strength"},
        "9",
        f"{SD15} controlnet/canny.pth",
    ),
    "ip_adapter": Case(
        plain(
            **{
                "10": LOAD,
                "20": node("IPAdapterModelLoader", None, ipadapter_file="ip-adapter_sd15.bin"),
                "21": node("CLIPVisionLoader", None, clip_name="CLIP-ViT-H-14.safetensors"),
                "22": node(
                    "IPAdapterAdvanced",
                    None,
                    weight=0.8,
                    weight_type="linear",
                    model="@4",
                    ipadapter="@20",
                    image="@10",
                    clip_vision="@21",
                ),
                "3": sampler(model="@22"),
            }
        ),
        PLAIN | {"image": "10.image"},
        "9",
        f"{SD15} clip_vision/CLIP-ViT-H-14.safetensors ipadapter/ip-adapter_sd15.bin",
    ),
    "upscale_with_a_model": Case(
        {
            "1": LOAD,
            "2": node("UpscaleModelLoader", None, model_name="4x-UltraSharp.pth"),
            "3": node("ImageUpscaleWithModel", None, upscale_model="@2", image="@1"),
            "4": save("@3"),
        },
        {"image": "1.image"},
        "4",
        "upscale_models/4x-UltraSharp.pth",
        decided=("No prompt was found",),
    ),
    "tiled_upscale": Case(
        plain(
            **{
                "10": LOAD,
                "2": node("UpscaleModelLoader", None, model_name="4x.pth"),
                "3": node(
                    "UltimateSDUpscale",
                    None,
                    upscale_by=2,
                    seed=1,
                    steps=20,
                    cfg=8,
                    sampler_name="euler",
                    scheduler="normal",
                    denoise=0.2,
                    mode_type="Linear",
                    tile_width=512,
                    tile_height=512,
                    image="@10",
                    model="@4",
                    positive="@6",
                    negative="@7",
                    vae="@4.2",
                    upscale_model="@2",
                ),
                "9": save("@3"),
            }
        ),
        TOUCHED,
        "9",
        f"{SD15} upscale_models/4x.pth",
        settle=("The bounds of 'steps'",),
    ),
}

"""Graphs as people export them, of every common shape, and what a reader should find in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Case:
    graph: Document
    options: dict[str, str]  # option: "id.input id.input"
    outputs: str  # ids
    models: str = ""  # folder/name, several parted by blanks
    settle: tuple[str, ...] = ()  # words of what is left to the operator
    decided: tuple[str, ...] = ()


def node(kind: str, title: str | None = None, /, **inputs: Any) -> Document:
    """A node as it is exported; a link is written "@id" or "@id.output"."""
    held = {name: _link(value) for name, value in inputs.items()}
    return {"inputs": held, "class_type": kind, "_meta": {"title": title or kind}}


def _link(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    source, _, output = value[1:].partition(".")
    return [source, int(output or 0)]


def text(words: str, clip: str = "@4.1") -> Document:
    return node("CLIPTextEncode", "CLIP Text Encode (Prompt)", text=words, clip=clip)


def sampler(**changed: Any) -> Document:
    inputs = {
        "seed": 156680208700286,
        "steps": 20,
        "cfg": 8,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
        "model": "@4",
        "positive": "@6",
        "negative": "@7",
        "latent_image": "@5",
    }
    return node("KSampler", None, **(inputs | changed))


def empty(kind: str = "EmptyLatentImage", width: int = 512, height: int = 512) -> Document:
    return node(kind, None, width=width, height=height, batch_size=1)


def save(images: str = "@8") -> Document:
    return node("SaveImage", "Save Image", filename_prefix="ComfyUI", images=images)


def checkpoint(name: str = "v1-5-pruned-emaonly.safetensors") -> Document:
    return node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=name)


def plain(**changed: Document) -> Document:
    """ComfyUI's own default graph, with two nodes of the same title."""
    return {
        "3": sampler(),
        "4": checkpoint(),
        "5": empty(),
        "6": text("a glass bottle"),
        "7": text("text, watermark"),
        "8": node("VAEDecode", None, samples="@3", vae="@4.2"),
        "9": save(),
    } | changed


SAMPLER = {
    "steps": "3.steps",
    "cfg": "3.cfg",
    "seed": "3.seed",
    "sampler": "3.sampler_name",
    "scheduler": "3.scheduler",
}
SIZE = {"width": "5.width", "height": "5.height", "batch": "5.batch_size"}
WORDS = {"prompt": "6.text", "negative": "7.text"}
PLAIN = WORDS | SIZE | SAMPLER
SD15 = "checkpoints/v1-5-pruned-emaonly.safetensors"


def without(options: dict[str, str], *names: str) -> dict[str, str]:
    return {name: slots for name, slots in options.items() if name not in names}


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
    held = entry["inputs"] | {name: _link(value) for name, value in inputs.items()}
    return entry | {"inputs": held}


def refiner() -> Document:
    graph = refined()
    links = {"positive": "@6", "negative": "@7", "model": "@4", "latent_image": "@5"}
    graph["10"] = _with_inputs(graph["10"], end_at_step=20, **links)
    links = {"positive": "@15", "negative": "@16", "model": "@12", "latent_image": "@10"}
    graph["11"] = _with_inputs(graph["11"], end_at_step=10000, **links)
    return graph


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
LOAD = node("LoadImage", "Load Image", image="example.png")
TOUCHED = WORDS | SAMPLER | {"image": "10.image", "strength": "3.denoise"}


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


def wan() -> Document:
    return {
        "3": sampler(model="@48", positive="@50", negative="@50.1", latent_image="@50.2"),
        "6": text("a fox runs", "@38"),
        "7": text("静态, 模糊", "@38"),
        "8": node("VAEDecode", None, samples="@3", vae="@39"),
        "28": node(
            "SaveAnimatedWEBP",
            None,
            filename_prefix="w",
            fps=16,
            lossless=False,
            quality=90,
            method="default",
            images="@8",
        ),
        "37": node("UNETLoader", None, unet_name="wan2.1_i2v.safetensors", weight_dtype="default"),
        "38": node("CLIPLoader", None, clip_name="umt5_xxl.safetensors", type="wan"),
        "39": node("VAELoader", None, vae_name="wan_2.1_vae.safetensors"),
        "48": node("ModelSamplingSD3", None, shift=8, model="@37"),
        "50": node(
            "WanImageToVideo",
            None,
            width=832,
            height=480,
            length=33,
            batch_size=1,
            positive="@6",
            negative="@7",
            vae="@39",
            start_image="@52",
        ),
        "52": LOAD,
    }


def joined(first: Any, second: Any, **more: Document) -> Document:
    join = node("StringConcatenate", None, string_a=first, string_b=second, delimiter=", ")
    return plain(**{"6": text("@20"), "20": join}, **more)


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
    "lora_stack": Case(
        loras(), PLAIN, "9", f"{SD15} loras/a.safetensors loras/style/b.safetensors"
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
    "animate_diff": Case(
        plain(
            **{
                "5": node("EmptyLatentImage", None, width=512, height=512, batch_size=16),
                "20": node(
                    "ADE_AnimateDiffLoaderGen1",
                    None,
                    model_name="mm_sd_v15_v2.ckpt",
                    beta_schedule="sqrt_linear (AnimateDiff)",
                    model="@4",
                ),
                "3": sampler(model="@20"),
                "9": node(
                    "VHS_VideoCombine",
                    None,
                    frame_rate=8,
                    loop_count=0,
                    filename_prefix="AD",
                    format="video/h264-mp4",
                    save_output=True,
                    images="@8",
                ),
            }
        ),
        without(PLAIN, "batch") | {"frames": "5.batch_size"},
        "9",
        f"{SD15} animatediff_models/mm_sd_v15_v2.ckpt",
        decided=("number of frames",),
    ),
    "wan_image_to_video": Case(
        wan(),
        WORDS
        | SAMPLER
        | {
            "image": "52.image",
            "width": "50.width",
            "height": "50.height",
            "frames": "50.length",
        },
        "28",
        "diffusion_models/wan2.1_i2v.safetensors text_encoders/umt5_xxl.safetensors "
        "vae/wan_2.1_vae.safetensors",
    ),
    "ltx_text_to_video": Case(
        {
            "44": checkpoint("ltx-video-2b.safetensors"),
            "38": node("CLIPLoader", None, clip_name="t5xxl_fp16.safetensors", type="ltxv"),
            "6": text("a woman walks", "@38"),
            "7": text("low quality", "@38"),
            "69": node("LTXVConditioning", None, positive="@6", negative="@7", frame_rate=25),
            "70": node(
                "EmptyLTXVLatentVideo", None, width=768, height=512, length=97, batch_size=1
            ),
            "71": node(
                "LTXVScheduler",
                None,
                steps=30,
                max_shift=2.05,
                base_shift=0.95,
                stretch=True,
                terminal=0.1,
                latent="@70",
            ),
            "73": node("KSamplerSelect", None, sampler_name="euler"),
            "72": node(
                "SamplerCustom",
                None,
                add_noise=True,
                noise_seed=3,
                cfg=3,
                model="@44",
                positive="@69",
                negative="@69.1",
                sampler="@73",
                sigmas="@71",
                latent_image="@70",
            ),
            "8": node("VAEDecode", None, samples="@72", vae="@44.2"),
            "78": node("CreateVideo", None, fps=24, images="@8"),
            "79": node(
                "SaveVideo", None, filename_prefix="v", format="auto", codec="auto", video="@78"
            ),
        },
        {
            "prompt": "6.text",
            "negative": "7.text",
            "width": "70.width",
            "height": "70.height",
            "frames": "70.length",
            "steps": "71.steps",
            "cfg": "72.cfg",
            "seed": "72.noise_seed",
            "sampler": "73.sampler_name",
        },
        "79",
        "checkpoints/ltx-video-2b.safetensors text_encoders/t5xxl_fp16.safetensors",
    ),
    "audio": Case(
        {
            "3": sampler(latent_image="@11"),
            "4": checkpoint("stable-audio-open-1.0.safetensors"),
            "6": text("heaven church electronic dance music", "@10"),
            "7": text("", "@10"),
            "10": node("CLIPLoader", None, clip_name="t5_base.safetensors", type="stable_audio"),
            "11": node("EmptyLatentAudio", None, seconds=47.6, batch_size=1),
            "12": node("VAEDecodeAudio", None, samples="@3", vae="@4.2"),
            "13": node("SaveAudioMP3", None, filename_prefix="audio/a", quality="V0", audio="@12"),
        },
        WORDS | SAMPLER | {"seconds": "11.seconds", "batch": "11.batch_size"},
        "13",
        "checkpoints/stable-audio-open-1.0.safetensors text_encoders/t5_base.safetensors",
    ),
    "song": Case(
        {
            "3": sampler(latent_image="@17", negative="@44", positive="@14"),
            "4": checkpoint("ace_step.safetensors"),
            "14": node(
                "TextEncodeAceStepAudio",
                None,
                tags="anime, j-pop",
                lyrics="[verse]\nla",
                lyrics_strength=1,
                clip="@4.1",
            ),
            "17": node("EmptyAceStepLatentAudio", None, seconds=120, batch_size=1),
            "18": node("VAEDecodeAudio", None, samples="@3", vae="@4.2"),
            "44": node("ConditioningZeroOut", None, conditioning="@14"),
            "59": node("SaveAudio", None, filename_prefix="audio/a", audio="@18"),
        },
        SAMPLER
        | {
            "prompt": "14.tags",
            "prompt_2": "14.lyrics",
            "seconds": "17.seconds",
            "batch": "17.batch_size",
        },
        "59",
        "checkpoints/ace_step.safetensors",
        settle=("2 different texts",),
    ),
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
    "video_input": Case(
        plain(
            **{
                "10": node("VHS_LoadVideo", None, video="dance.mp4", force_rate=8),
                "12": node("VAEEncode", None, pixels="@10", vae="@4.2"),
                "3": sampler(latent_image="@12", denoise=0.6),
            }
        ),
        WORDS | SAMPLER,
        "9",
        SD15,
        settle=("members can attach pictures only",),
        decided=("stays 0.6",),
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

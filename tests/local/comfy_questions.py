"""The prompts of the recordings, and more that a client of ComfyUI may send, good and bad."""

import copy
from typing import Any

CHECKPOINT = "tiny_random.safetensors"


def node(class_type: str, title: str | None = None, **inputs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"class_type": class_type, "inputs": inputs}
    return made | ({"_meta": {"title": title}} if title else {})


def text_to_image(seed: int = 1, checkpoint: str = CHECKPOINT, **sampling: Any) -> dict[str, Any]:
    """The graph that most recordings vary: loader 4, texts 6 and 7, sampler 3, output 9."""
    settings = {"steps": 4, "cfg": 6, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}
    links = {
        "model": ["4", 0],
        "positive": ["6", 0],
        "negative": ["7", 0],
        "latent_image": ["5", 0],
    }
    return {
        "3": node("KSampler", "KSampler", seed=seed, **(settings | links | sampling)),
        "4": node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=checkpoint),
        "5": node("EmptyLatentImage", "Empty Latent Image", width=64, height=64, batch_size=1),
        "6": node("CLIPTextEncode", "Positive", text="a red fox", clip=["4", 1]),
        "7": node("CLIPTextEncode", "Negative", text="blurry", clip=["4", 1]),
        "8": node("VAEDecode", "VAE Decode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", "Save Image", filename_prefix="rec", images=["8", 0]),
    }


def changed(graph: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the graph with the input at `node.input` changed."""
    node_id, name = path.split(".")
    result = copy.deepcopy(graph)
    result[node_id]["inputs"][name] = value
    return result


def without(graph: dict[str, Any], node_id: str, *path: str) -> dict[str, Any]:
    """Return the graph without a node, or without one of its properties."""
    result = copy.deepcopy(graph)
    target = result
    for key in (node_id, *path)[:-1]:
        target = target[key]
    del target[(node_id, *path)[-1]]
    return result


def batch(seed: int, size: int, **saving: Any) -> dict[str, Any]:
    graph = changed(text_to_image(seed), "5.batch_size", size)
    return graph | ({"9": saving["saver"]} if "saver" in saving else {})


def image_to_image() -> dict[str, Any]:
    graph = without(text_to_image(9, denoise=0.5, latent_image=["2", 0]), "5")
    return graph | {
        "1": node("LoadImage", image="in.png"),
        "2": node("VAEEncode", pixels=["1", 0], vae=["4", 2]),
    }


def scaled_image() -> dict[str, Any]:
    scaling = {"upscale_method": "lanczos", "width": 32, "height": 32, "crop": "disabled"}
    return {
        "1": node("LoadImage", image="job1/in.png"),
        "2": node("ImageScale", image=["1", 0], **scaling),
        "3": node("SaveImage", filename_prefix="scaled", images=["2", 0]),
        "4": node("PreviewImage", images=["2", 0]),
    }


SUBFOLDER_SAVER = node("SaveImage", "Save Image", filename_prefix="sub/rec", images=["8", 0])
WEBP_SAVER = node(
    "SaveAnimatedWEBP",
    filename_prefix="anim",
    fps=6.0,
    lossless=True,
    quality=80,
    method="default",
    images=["8", 0],
)
ONE_BAD_OUTPUT = {
    "10": node("LoadImage", image="nope.png"),
    "11": node("SaveImage", filename_prefix="x", images=["10", 0]),
}
CHOSEN_ID = "11111111-2222-3333-4444-555555555555"

ONE_PIXEL = node("EmptyImage", width=1, height=1, batch_size=1, color=0)
COPY = {"upscale_method": "lanczos", "scale_by": 1.0}


def saved(**inputs: Any) -> dict[str, Any]:
    """A prompt that saves one pixel, or what `inputs` make of it."""
    usual: dict[str, Any] = {"images": ["1", 0], "filename_prefix": "x"}
    return {"prompt": {"1": ONE_PIXEL, "2": node("SaveImage", **(usual | inputs))}}


# In the order of the recordings: what is cached, and the prompts' numbers, depend on it.
FIRST_RUNS: dict[str, dict[str, Any]] = {
    "run_txt2img": {"prompt": text_to_image()},
    "run_cached": {"prompt": text_to_image()},
    "run_new_seed": {"prompt": batch(2, 4, saver=SUBFOLDER_SAVER)},
    "run_new_seed_feature_flags": {"prompt": text_to_image(22)},
    "run_chosen_prompt_id": {
        "prompt": text_to_image(3),
        "prompt_id": CHOSEN_ID,
        "extra_data": {"extra_pnginfo": {"job": "j1"}},
    },
}
BAD_PROMPTS: dict[str, Any] = {
    "empty_prompt": {"prompt": {}},
    "no_prompt_key": {"x": 1},
    "not_json": None,
    "unknown_class": {
        "prompt": text_to_image() | {"3": text_to_image()["3"] | {"class_type": "NoSuchNode"}}
    },
    "no_class_type": {"prompt": without(text_to_image(), "3", "class_type")},
    "no_outputs": {"prompt": without(text_to_image(), "9")},
    "value_not_in_list": {"prompt": text_to_image(checkpoint="missing.safetensors")},
    "value_smaller_than_min": {"prompt": text_to_image(steps=0)},
    "value_bigger_than_max": {"prompt": text_to_image(steps=999999)},
    "invalid_input_type": {"prompt": text_to_image(steps="abc")},
    "required_input_missing": {"prompt": without(text_to_image(), "3", "inputs", "seed")},
    "return_type_mismatch": {"prompt": changed(text_to_image(), "8.samples", ["4", 0])},
    "link_to_nowhere": {"prompt": changed(text_to_image(), "8.samples", ["99", 0])},
    "one_bad_output_one_good": {"prompt": text_to_image() | ONE_BAD_OUTPUT},
}
LATER_RUNS: dict[str, dict[str, Any]] = {
    "run_img_no_model": {"prompt": scaled_image()},
    "run_img2img": {"prompt": image_to_image()},
    "run_animated_webp": {"prompt": batch(10, 3, saver=WEBP_SAVER)},
    "run_execution_error": {"prompt": text_to_image(11, "corrupt.safetensors")},
    "run_interrupted": {"prompt": text_to_image(12, steps=60)},
    "run_interrupt_by_id": {"prompt": text_to_image(13, steps=60)},
}
RUNS = FIRST_RUNS | LATER_RUNS
# Asked of a real ComfyUI 0.3.64 after the recordings were made.
MORE_BAD_PROMPTS: dict[str, Any] = {
    "a_list": [1],
    "a_list_of_nodes": {"prompt": [1]},
    "a_number_for_a_node": {"prompt": {"1": 5}},
    "output_linked_to_nowhere": saved(images=["9", 0]),
    "output_linked_to_a_list": saved(images=[["9"], 0]),
    "output_without_inputs": {"prompt": {"1": {"class_type": "SaveImage"}}},
    "slot_that_is_not_there": saved(images=["1", 7]),
    "link_without_slot": saved(images=["1"]),
    "image_for_a_text": saved(filename_prefix=["1", 0]),
    "two_wrong_numbers": {
        "prompt": {
            "1": node("EmptyImage", width="x", height=None, batch_size=1, color=0),
            "2": node("SaveImage", images=["1", 0]),
        }
    },
    "two_wrong_choices": {"prompt": text_to_image(sampler_name="no", scheduler="no")},
    "upload_outside_its_folder": {
        "prompt": {
            "1": node("LoadImage", image="../x.png"),
            "2": node("PreviewImage", images=["1", 0]),
        }
    },
    "circle_of_links": {
        "prompt": {
            "1": node("ImageScaleBy", image=["2", 0], **COPY),
            "2": node("ImageScaleBy", image=["1", 0], **COPY),
            "3": node("PreviewImage", images=["1", 0]),
        }
    },
}
MORE_RUNS: dict[str, dict[str, Any]] = {
    "what_is_near_an_output_runs_first": {
        "prompt": {
            "1": ONE_PIXEL,
            "2": node("ImageScaleBy", image=["1", 0], **COPY),
            "3": node("ImageScaleBy", image=["2", 0], **COPY),
            "4": node("EmptyImage", width=1, height=1, batch_size=1, color=9),
            "5": node("ImageBatch", image1=["4", 0], image2=["3", 0]),
            "6": node("SaveImage", images=["5", 0], filename_prefix="near"),
        }
    },
}

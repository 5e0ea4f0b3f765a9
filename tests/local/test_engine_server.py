"""What the stand-in engine does beyond the recordings: queue, files, memory, masks, refiners."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, WSMsgType
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from local.engine.engine import Engine
from local.engine.folders import Folders
from local.engine.server import build_app
from tests.local.comfy_questions import changed, node, text_to_image, without


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient[Any, Any]]:
    folders = Folders(tmp_path)
    folders.make()
    async with TestClient(TestServer(build_app(Engine(folders, 0.0)))) as client:
        yield client


async def body_of(client: TestClient[Any, Any], path: str) -> Any:
    async with client.get(path) as response:
        assert response.status == 200
        return await response.json()


async def submit(client: TestClient[Any, Any], graph: Any, **more: Any) -> dict[str, Any]:
    async with client.post("/prompt", json={"prompt": graph} | more) as response:
        result: dict[str, Any] = await response.json()
        return result


def is_the_end(message: dict[str, Any]) -> bool:
    return message["type"] == "executing" and message["data"]["node"] is None


async def run(client: TestClient[Any, Any], graph: Any, **more: Any) -> dict[str, Any]:
    """Run a prompt to its end and return its place in the history."""
    async with client.ws_connect("/ws?clientId=me") as socket:
        answer = await submit(client, graph, client_id="me", **more)
        assert "prompt_id" in answer, answer
        async for message in socket:
            if message.type is WSMsgType.TEXT and is_the_end(message.json()):
                break
    history = await body_of(client, f"/history/{answer['prompt_id']}")
    entry: dict[str, Any] = history[answer["prompt_id"]]
    return entry


async def picture(client: TestClient[Any, Any], shown: dict[str, str]) -> Image.Image:
    async with client.get("/view", params=shown) as response:
        assert response.status == 200
        return Image.open(io.BytesIO(await response.read()))


def png(color: str, size: tuple[int, int] = (64, 64), mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, "PNG")
    return buffer.getvalue()


async def upload(client: TestClient[Any, Any], route: str, content: bytes, **fields: str) -> Any:
    form = FormData(fields)
    form.add_field("image", content, filename="in.png", content_type="image/png")
    async with client.post(route, data=form) as response:
        return await response.json() if response.status == 200 else response.status


def slow(seed: int) -> dict[str, Any]:
    return text_to_image(seed, steps=10_000)


def error_of(entry: dict[str, Any]) -> dict[str, Any]:
    name, data = entry["status"]["messages"][-1]
    assert name == "execution_error"
    found: dict[str, Any] = data
    return found


async def test_a_saved_picture_carries_its_prompt_and_the_callers_notes(
    client: TestClient[Any, Any],
) -> None:
    graph = text_to_image()

    notes = {"extra_pnginfo": {"job": {"id": "j1"}}}
    entry = await run(client, graph, extra_data=notes)

    saved = await picture(client, entry["outputs"]["9"]["images"][0])
    assert saved.size == (64, 64)
    assert json.loads(saved.info["prompt"]) == graph
    assert json.loads(saved.info["job"]) == {"id": "j1"}


async def test_the_same_seed_paints_the_same_picture_again(client: TestClient[Any, Any]) -> None:
    again = changed(text_to_image(), "9.filename_prefix", "again")
    shown = []

    for graph in (text_to_image(), again, text_to_image(2)):
        entry = await run(client, graph)
        saved = await picture(client, entry["outputs"]["9"]["images"][0])
        shown.append(saved.tobytes())
        await client.post("/free", json={"free_memory": True})

    assert shown[0] == shown[1] != shown[2]


async def test_freed_memory_holds_no_cached_node(client: TestClient[Any, Any]) -> None:
    await run(client, text_to_image())
    await client.post("/free", json={"free_memory": True})

    entry = await run(client, text_to_image())

    assert entry["status"]["messages"][1][1]["nodes"] == []


async def test_a_file_uploaded_anew_runs_anew(client: TestClient[Any, Any]) -> None:
    graph = {
        "1": node("LoadImage", image="in.png"),
        "2": node("SaveImage", images=["1", 0], filename_prefix="copy"),
    }
    colours = []

    for color in ("red", "blue"):
        await upload(client, "/upload/image", png(color), overwrite="true")
        entry = await run(client, graph)
        saved = await picture(client, entry["outputs"]["2"]["images"][0])
        colours.append(saved.getpixel((5, 5)))

    assert colours == [(255, 0, 0), (0, 0, 255)]


async def test_another_upload_of_the_same_name_keeps_the_first(
    client: TestClient[Any, Any],
) -> None:
    first = await upload(client, "/upload/image", png("red"))
    second = await upload(client, "/upload/image", png("blue"))

    assert (first["name"], second["name"]) == ("in.png", "in (1).png")


async def test_a_mask_gives_its_alpha_to_the_picture_it_names(
    client: TestClient[Any, Any],
) -> None:
    await upload(client, "/upload/image", png("red"))
    mask = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(mask, "PNG")

    reference = json.dumps({"filename": "in.png", "type": "input"})
    stored = await upload(client, "/upload/mask", mask.getvalue(), original_ref=reference)

    shown = {"filename": stored["name"], "type": "input"}
    masked = await picture(client, shown)
    assert masked.getpixel((5, 5)) == (255, 0, 0, 0)


async def test_a_mask_for_a_picture_that_is_not_there_is_refused(
    client: TestClient[Any, Any],
) -> None:
    assert await upload(client, "/upload/mask", png("red"), original_ref="{}") == 400


async def test_inpainting_changes_only_what_is_masked(client: TestClient[Any, Any]) -> None:
    half = Image.new("RGBA", (64, 64), (0, 200, 0, 255))
    half.paste((0, 200, 0, 0), (0, 0, 32, 64))
    buffer = io.BytesIO()
    half.save(buffer, "PNG")
    await upload(client, "/upload/image", buffer.getvalue())
    graph = without(text_to_image(latent_image=["2", 0]), "5") | {
        "1": node("LoadImage", image="in.png"),
        "2": node(
            "VAEEncodeForInpaint", pixels=["1", 0], mask=["1", 1], vae=["4", 2], grow_mask_by=0
        ),
    }

    entry = await run(client, graph)

    saved = await picture(client, entry["outputs"]["9"]["images"][0])
    assert saved.getpixel((50, 30)) == (0, 200, 0)
    assert saved.getpixel((10, 30)) != (0, 200, 0)


async def test_a_second_sampler_refines_and_does_not_paint_twice(
    client: TestClient[Any, Any],
) -> None:
    graph = text_to_image()
    refiner = node("KSampler", **(graph["3"]["inputs"] | {"latent_image": ["3", 0]}))
    refined = changed(graph | {"30": refiner}, "8.samples", ["30", 0])
    pictures = []

    for each in (graph, refined):
        entry = await run(client, each)
        saved = await picture(client, entry["outputs"]["9"]["images"][0])
        pictures.append(saved.convert("L").resize((4, 4)).tobytes())

    assert max(abs(a - b) for a, b in zip(*pictures, strict=True)) < 12


async def test_a_canvas_too_large_for_the_gpu_fails_as_out_of_memory(
    client: TestClient[Any, Any],
) -> None:
    graph = text_to_image()
    graph["5"]["inputs"] |= {"width": 16384, "height": 16384}

    entry = await run(client, graph)

    assert error_of(entry)["exception_type"] == "torch.OutOfMemoryError"
    assert entry["status"]["status_str"] == "error"


async def test_an_upload_that_is_no_picture_fails_when_it_is_loaded(
    client: TestClient[Any, Any],
) -> None:
    await upload(client, "/upload/image", b"not a picture")
    graph = {"1": node("LoadImage", image="in.png"), "2": node("PreviewImage", images=["1", 0])}

    entry = await run(client, graph)

    assert error_of(entry)["exception_type"] == "PIL.UnidentifiedImageError"


async def test_a_prefix_that_climbs_out_saves_nothing(
    client: TestClient[Any, Any], tmp_path: Path
) -> None:
    entry = await run(client, changed(text_to_image(), "9.filename_prefix", "../../evil"))

    assert "not allowed" in error_of(entry)["exception_message"]
    assert not list(tmp_path.parent.glob("evil*"))


async def test_the_queue_is_cleared_but_the_running_prompt_goes_on(
    client: TestClient[Any, Any],
) -> None:
    async with client.ws_connect("/ws?clientId=me") as socket:
        running = await submit(client, slow(1), client_id="me")
        for seed in (2, 3):
            await submit(client, slow(seed), client_id="me")
        async for message in socket:
            if "progress_state" in str(message.data):
                break
        await client.post("/queue", json={"clear": True})
        queue = await body_of(client, "/queue")
        await client.post("/interrupt", json={})

    assert [item[1] for item in queue["queue_running"]] == [running["prompt_id"]]
    assert queue["queue_pending"] == []


async def test_a_prompt_at_the_front_overtakes_those_that_wait(
    client: TestClient[Any, Any],
) -> None:
    for seed in (1, 2):
        await submit(client, slow(seed))
    await asyncio.sleep(0)

    urgent = await submit(client, slow(3), front=True)

    waiting = (await body_of(client, "/queue"))["queue_pending"]
    assert waiting[0][1] == urgent["prompt_id"]
    await client.post("/queue", json={"clear": True})
    await client.post("/interrupt", json={})


async def test_history_can_be_cut_and_forgotten(client: TestClient[Any, Any]) -> None:
    entries = [await run(client, text_to_image(seed)) for seed in (1, 2)]
    ids = [entry["prompt"][1] for entry in entries]

    assert list(await body_of(client, "/history")) == ids
    assert list(await body_of(client, "/history?max_items=1")) == ids[1:]

    await client.post("/history", json={"delete": ids[:1]})
    assert list(await body_of(client, "/history")) == ids[1:]
    await client.post("/history", json={"clear": True})
    assert await body_of(client, "/history") == {}


async def test_an_interrupt_with_nothing_running_stops_nothing_later(
    client: TestClient[Any, Any],
) -> None:
    await client.post("/interrupt", json={})

    assert (await run(client, text_to_image()))["status"]["completed"]


async def test_every_route_answers_under_api_too(client: TestClient[Any, Any]) -> None:
    assert await body_of(client, "/api/prompt") == await body_of(client, "/prompt")
    assert await body_of(client, "/api/object_info/NoSuchNode") == {}


async def test_a_view_out_of_its_folder_is_refused(client: TestClient[Any, Any]) -> None:
    for query, status in (("subfolder=../..", 403), ("type=secret", 400), ("type=input", 404)):
        async with client.get(f"/view?filename=x.png&{query}") as response:
            assert response.status == status

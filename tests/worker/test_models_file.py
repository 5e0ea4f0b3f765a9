"""What models.toml may say, and what is said of one that says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_container.worker.models.declared import (
    S3,
    HuggingFace,
    ModelsFileWrong,
    Web,
    load_models,
    parse_models,
)

GOOD = {
    "name": '"a.safetensors"',
    "folder": '"checkpoints"',
    "size": "5",
    "sha256": f'"{"a" * 64}"',
    "licence": '"MIT"',
    "source": '{ https = "https://example.com/a" }',
}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def table(**changes: str) -> str:
    lines = [f"{key} = {value}" for key, value in (GOOD | changes).items() if value]
    return "\n".join(["[[model]]", *lines, ""])


def problems_of(text: str) -> list[str]:
    with pytest.raises(ModelsFileWrong) as caught:
        parse_models(text)
    return str(caught.value).splitlines()


def test_the_models_file_of_the_image_is_right_and_its_files_are_public() -> None:
    models = {model.path: model for model in load_models()}
    base = models["checkpoints/sd_xl_base_1.0.safetensors"]
    assert isinstance(base.source, HuggingFace)
    assert base.source.url.endswith(
        f"/resolve/462165984030d82259a11f4367a4eed129e94a7b/{base.name}"
    )
    assert all(isinstance(model.source, HuggingFace | Web) for model in models.values())


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ('{ https = "https://example.com/a?b=c" }', Web("https://example.com/a?b=c")),
        (
            f'{{ huggingface = "a/b-1.0", revision = "{COMMIT}", file = "x/a b.safetensors" }}',
            HuggingFace("a/b-1.0", COMMIT, "x/a b.safetensors"),
        ),
        ('{ s3 = "s3://models-of-ours/x/y.bin" }', S3("models-of-ours", "x/y.bin")),
        ('{ s3 = "s3://models-of-ours/x/" }', S3("models-of-ours", "x/checkpoints/a.safetensors")),
        ('{ s3 = "s3://models-of-ours/" }', S3("models-of-ours", "checkpoints/a.safetensors")),
    ],
)
def test_a_file_may_come_from(source: str, meant: object) -> None:
    (model,) = parse_models(table(source=source))

    assert model.source == meant


def test_an_address_of_hugging_face_names_the_commit_and_is_quoted() -> None:
    source = HuggingFace("a/b", COMMIT, "x/a b.safetensors")

    assert source.url == f"https://huggingface.co/a/b/resolve/{COMMIT}/x/a%20b.safetensors"


def test_the_secret_part_of_an_address_is_never_shown() -> None:
    assert str(Web("https://example.com/a?token=secret")) == "https://example.com/a"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", '"../a"', "name: must be a file's name"),
        ("name", '"/etc/passwd"', "name: must be a file's name"),
        ("name", '"x/../../a"', "name: must be a file's name"),
        ("name", '".hidden"', "name: must be a file's name"),
        ("name", '"a\\u0000"', "name: must be a file's name"),
        ("name", f'"{"a" * 201}"', "name: must be a file's name"),
        ("name", "5", "name: must be a file's name"),
        ("name", '"a.part"', "name: must not end as the files of a download do"),
        ("folder", '"custom_nodes"', "folder: must not be 'custom_nodes'"),
        ("folder", '"configs"', "folder: must not be 'configs'"),
        ("folder", '"loras/x"', "folder: must be one of ComfyUI's folders"),
        ("folder", '".."', "folder: must be one of ComfyUI's folders"),
        ("size", "0", "size: must be a whole number"),
        ("size", "true", "size: must be a whole number"),
        ("size", "5.5", "size: must be a whole number"),
        ("sha256", f'"{"A" * 64}"', "sha256: must be 64 lower-case hex digits"),
        ("sha256", '"abc"', "sha256: must be 64 lower-case hex digits"),
        ("licence", '" "', "licence: must be an SPDX identifier"),
        ("source", '"https://example.com"', "source: must be a table with one of"),
        ("source", '{ ftp = "x" }', "source: must be a table with one of"),
        ("source", '{ s3 = "s3://b/k", https = "https://a/b" }', "source: must be a table with"),
        ("source", '{ https = "http://example.com/a" }', "source.https: must be an https address"),
        ("source", '{ https = "https://u:p@example.com/a" }', "source.https: must be an https"),
        ("source", '{ https = "https://example.com/a b" }', "source.https: must be an https"),
        ("source", '{ https = "file:///etc/passwd" }', "source.https: must be an https address"),
        ("source", '{ s3 = "s3://B/k" }', "source.s3: must be s3://BUCKET/KEY"),
        ("source", '{ huggingface = "a/b", file = "x" }', "source.revision: is missing"),
        (
            "source",
            '{ huggingface = "a/b", file = "x", revision = "main" }',
            "source.revision: must be a commit",
        ),
        (
            "source",
            f'{{ huggingface = "a", file = "x", revision = "{COMMIT}" }}',
            "source.huggingface: must be OWNER/REPOSITORY",
        ),
        (
            "source",
            f'{{ huggingface = "a/b", file = "../x", revision = "{COMMIT}" }}',
            "source.file: must be a file's name",
        ),
        ("source", '{ https = "https://a/b", mirror = "x" }', "source.mirror: is not a field"),
    ],
)
def test_what_is_wrong_is_said_by_name(field: str, value: str, said: str) -> None:
    (problem,) = problems_of(table(**{field: value}))

    number = "no name" if field == "name" else "a.safetensors"
    assert problem.startswith("models.toml: [[model]] 1 (")
    assert number in problem or field == "name"
    assert said in problem


@pytest.mark.parametrize("field", GOOD)
def test_every_field_is_needed(field: str) -> None:
    assert any(f"{field}: is missing" in line for line in problems_of(table(**{field: ""})))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = problems_of(table(size="0", sha256='"x"') + table(licence='""', hash='"x"'))

    assert [line.split(": ")[1:3] for line in said] == [
        ["[[model]] 1 (a.safetensors)", "sha256"],
        ["[[model]] 1 (a.safetensors)", "size"],
        ["[[model]] 2 (a.safetensors)", "hash"],
        ["[[model]] 2 (a.safetensors)", "licence"],
        ["[[model]] 2 (a.safetensors)", "name"],
    ]


def test_one_place_on_the_disk_is_declared_once() -> None:
    (problem,) = problems_of(table() + table(size="7"))

    assert "name: [[model]] 1 is the same file in checkpoints" in problem
    assert len(parse_models(table() + table(folder='"loras"'))) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = 5", "model: must be [[model]] tables"),
        ("[model]\nname = 'a'", "model: must be [[model]] tables"),
        ("[[models]]\nname = 'a'", "models: is not known; write [[model]] tables"),
        ("[[model]", "is not TOML"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, said: str) -> None:
    assert said in problems_of(text)[0]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelsFileWrong, match=r"none\.toml: cannot be read"):
        load_models(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelsFileWrong, match=r"m\.toml: cannot be read"):
        load_models(tmp_path / "m.toml")


def test_no_models_at_all_is_fine() -> None:
    assert parse_models("") == ()

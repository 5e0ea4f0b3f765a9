"""ComfyUI and its nodes come from the lock or not at all; the repositories here are local ones."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpu_container.image.sources import SourceWrong, load_lock, main

ANOTHER = "0" * 40
WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Repository:
    folder: Path

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", self.folder, *WHO, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "m")

    def entry(self, **changes: str) -> str:
        values = {
            "repository": self.folder.as_uri(),
            "commit": self.git("rev-parse", "HEAD"),
            "tree": self.git("rev-parse", "HEAD^{tree}"),
            "license": "GPL-3.0-only",
            "seen": "2026-01-01: here",
            **changes,
        }
        return "\n".join(f'{key} = "{value}"' for key, value in values.items() if value)


def repository(folder: Path, **files: str) -> Repository:
    folder.mkdir()
    made = Repository(folder)
    made.git("init", "--quiet")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    made.commit()
    return made


@pytest.fixture
def comfyui(tmp_path: Path) -> Repository:
    made = repository(tmp_path / "comfyui", main="print('new')")
    (made.folder / "custom_nodes").mkdir()
    (made.folder / "custom_nodes" / "its_own.py").write_text("")
    made.commit()
    return made


@pytest.fixture
def node(tmp_path: Path) -> Repository:
    return repository(tmp_path / "node", nodes="one")


def installed(tmp_path: Path, lock: str) -> tuple[int, list[str]]:
    """Install the lock; returns the exit code and every file that is there then."""
    file, folder = tmp_path / "lock.toml", tmp_path / "image" / "comfyui"
    file.write_text(lock)
    code = main([str(file), str(folder)])
    files = (path for path in folder.parent.rglob("*") if path.is_file())
    return code, sorted(str(path.relative_to(folder.parent)) for path in files)


def test_comfyui_and_its_nodes_are_put_where_they_belong_without_their_history(
    tmp_path: Path, comfyui: Repository, node: Repository
) -> None:
    lock = f'[comfyui]\n{comfyui.entry()}\n[[custom_nodes]]\nname = "A-Node"\n{node.entry()}\n'

    assert installed(tmp_path, lock) == (
        0,
        [
            "comfyui/custom_nodes/A-Node/nodes.py",
            "comfyui/custom_nodes/its_own.py",
            "comfyui/main.py",
        ],
    )


def test_an_older_commit_is_had_as_it_was(tmp_path: Path, node: Repository) -> None:
    entry = node.entry()
    (node.folder / "nodes.py").write_text("two")
    node.commit()

    installed(tmp_path, f"[comfyui]\n{entry}\n")

    assert (tmp_path / "image" / "comfyui" / "nodes.py").read_text() == "one"


@pytest.mark.parametrize("wrong", ["commit", "tree"])
def test_what_is_not_as_the_lock_says_is_refused_and_nothing_is_left(
    wrong: str, tmp_path: Path, comfyui: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    code, files = installed(tmp_path, f"[comfyui]\n{comfyui.entry(**{wrong: ANOTHER})}\n")

    assert (code, files) == (1, [])
    said = capsys.readouterr().err
    assert said.startswith("ComfyUI: ")
    assert ANOTHER in said


def test_a_tag_in_place_of_a_commit_is_refused(
    tmp_path: Path, comfyui: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tag's object has an id of its own, and a tag can be moved."""
    comfyui.git("tag", "--annotate", "v1", "--message", "m")
    tag = comfyui.git("rev-parse", "v1")

    code, files = installed(tmp_path, f"[comfyui]\n{comfyui.entry(commit=tag)}\n")

    assert (code, files) == (1, [])
    assert f"the lock says {tag}" in capsys.readouterr().err


@pytest.fixture
def with_submodule(node: Repository, tmp_path: Path) -> Repository:
    part = repository(tmp_path / "part", script="part")
    link = f"160000,{part.git('rev-parse', 'HEAD')},lib/part"
    node.git("update-index", "--add", "--cacheinfo", link)
    node.git("commit", "--quiet", "--message", "m")
    return node


def test_a_submodule_is_part_of_the_lock(tmp_path: Path, with_submodule: Repository) -> None:
    part = Repository(tmp_path / "part")
    lock = f"[comfyui]\n{with_submodule.entry()}\n[[comfyui.submodules]]\n"

    assert installed(tmp_path, f'{lock}path = "lib/part"\n{part.entry()}\n') == (
        0,
        ["comfyui/lib/part/script.py", "comfyui/nodes.py"],
    )


def test_a_submodule_that_the_lock_does_not_list_is_refused(
    tmp_path: Path, with_submodule: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node that finds its part missing may fetch it while it runs, whatever it is by then."""
    assert installed(tmp_path, f"[comfyui]\n{with_submodule.entry()}\n") == (1, [])
    assert "lib/part" in capsys.readouterr().err


def test_a_submodule_of_another_commit_is_refused(
    tmp_path: Path, with_submodule: Repository
) -> None:
    part = Repository(tmp_path / "part")
    (part.folder / "script.py").write_text("newer")
    part.commit()
    lock = f"[comfyui]\n{with_submodule.entry()}\n[[comfyui.submodules]]\n"

    assert installed(tmp_path, f'{lock}path = "lib/part"\n{part.entry()}\n') == (1, [])


def test_nothing_is_put_over_what_is_there(
    tmp_path: Path, comfyui: Repository, node: Repository
) -> None:
    """A node named as a folder of ComfyUI's own would else replace it."""
    lock = f'[comfyui]\n{comfyui.entry()}\n[[custom_nodes]]\nname = "A"\n{node.entry()}\n'
    assert installed(tmp_path, lock)[0] == 0

    assert installed(tmp_path, lock)[0] == 1


def test_git_is_not_led_by_the_settings_of_the_machine(
    tmp_path: Path, comfyui: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    elsewhere = (tmp_path / "elsewhere").as_uri()
    settings.write_text(f'[url "{elsewhere}"]\n  insteadOf = {comfyui.folder.as_uri()}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))

    assert installed(tmp_path, f"[comfyui]\n{comfyui.entry()}\n")[0] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"commit": "main"}, "ComfyUI: commit must be 40 hexadecimal digits"),
        ({"tree": "abc"}, "ComfyUI: tree must be 40 hexadecimal digits"),
        ({"seen": ""}, "ComfyUI: missing 1 required keyword-only argument: 'seen'"),
        ({"branch": "main"}, "ComfyUI: got an unexpected keyword argument 'branch'"),
        ({"name": "../comfyui"}, "../comfyui: a name becomes a folder"),
    ],
)
def test_a_lock_that_cannot_be_meant_is_refused_by_entry_and_key(
    change: dict[str, str], said: str, tmp_path: Path, comfyui: Repository
) -> None:
    file = tmp_path / "lock.toml"
    file.write_text(f"[comfyui]\n{comfyui.entry(**change)}\n")

    with pytest.raises(SourceWrong) as error:
        load_lock(file)
    assert said in str(error.value)


def test_two_nodes_of_one_name_are_refused(tmp_path: Path, node: Repository) -> None:
    file = tmp_path / "lock.toml"
    twice = "".join(f'[[custom_nodes]]\nname = "{name}"\n{node.entry()}\n' for name in ("a", "A"))
    file.write_text(f"[comfyui]\n{node.entry()}\n{twice}")

    with pytest.raises(SourceWrong, match="a: listed twice"):
        load_lock(file)


@pytest.mark.parametrize("text", ["not toml", "", "[comfyui\n"])
def test_a_file_that_is_no_lock_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "lock.toml"
    file.write_text(text)

    with pytest.raises(SourceWrong, match=r"lock\.toml: "):
        load_lock(file)

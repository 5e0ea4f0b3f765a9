"""Rules about the code as text that no linter knows."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from tests.house_rules.repository import ROOT, files, modules, text

LONGEST_MODULE = 250
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "shared"}

# Addresses of package registries belong to the machine, and a path of one machine to nobody.
REGISTRIES = tuple(f"{name}.org" for name in ("pypi", "pythonhosted", "registry.npmjs"))
MACHINE_PATH = re.compile(r"(?<![\w.}/])/(root|work|Users/\w+|home/(?!runner\b|ubuntu\b)\w+)/")


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_core_imports_the_standard_library_and_itself_alone() -> None:
    for path in modules():
        if path.is_relative_to("distillery/core"):
            for name in _imports(path):
                known = name.split(".")[0] in sys.stdlib_module_names
                assert known or name.startswith("distillery.core"), f"{path} imports {name}"


def test_only_the_room_s_main_wires_it() -> None:
    """handler.py takes what it needs as arguments, so it can be imported anywhere."""
    for path in modules():
        if path.match("lambdas/*/handler.py"):
            assert not [name for name in _imports(path) if name.startswith("distillery.aws")], path
            assert "os.environ" not in text(path), path


def test_packages_do_no_work_when_they_are_imported() -> None:
    full = [str(path) for path in files("__init__.py") if text(path).strip()]
    assert not full


def test_every_module_says_why_it_exists() -> None:
    for path in modules():
        if path.name != "__init__.py":
            assert ast.get_docstring(ast.parse(text(path))), path


def test_no_module_is_too_long_to_read_at_once() -> None:
    """A table may be longer: it is looked up, not read."""
    long = {str(path): lines for path in modules() if (lines := _lines(path)) > LONGEST_MODULE}
    assert not [path for path in long if not path.endswith("_table.py")]


def _lines(path: Path) -> int:
    """Count lines of code: a blank line or a comment makes a module easier to read, not longer."""
    return len(re.findall(r"^ *[^#\s]", text(path), re.MULTILINE))


def test_every_name_of_a_module_says_what_is_in_it() -> None:
    for path in files(".py"):
        assert not EMPTY_NAMES & {path.stem, *path.parent.parts}, path


def test_tests_are_named_with_sentences() -> None:
    for path in files(".py"):
        if path.parts[0] == "tests":
            for name in re.findall(r"^\s*(?:async )?def (test_\w+)", text(path), re.MULTILINE):
                assert name.count("_") >= 3, f"{path}: {name} is not a sentence"


def test_nothing_names_a_registry_or_a_place_on_one_machine() -> None:
    this = Path(__file__).relative_to(ROOT)
    for path in files(".py", ".md", ".txt", ".toml", ".json", ".yaml", ".sh", "Makefile", "run"):
        if path != this:
            content = text(path)
            assert not [host for host in REGISTRIES if host in content], path
            assert not (found := MACHINE_PATH.search(content)), f"{path}: {found}"


def test_the_root_holds_what_a_stranger_can_take_in() -> None:
    assert len({path.parts[0] for path in files("") if not path.parts[0].startswith(".")}) <= 20

"""Rules about the tests themselves: each can fail, and none passes the time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.conftest import FIRST, place
from tests.house_rules.repository import files, text

Function = ast.FunctionDef | ast.AsyncFunctionDef

ENDLESS_S = 600
"""What is told to sleep for so long stands for something that never ends."""
WAITERS = {Path("tests/until.py"), Path("tests/worker/process.py")}
"""The modules that look again and again, until a condition holds."""
JUDGES = {"raises", "warns", "fail", "expect", "until", "eventually", "wait_for", "validate"}
"""Calls that fail by themselves, as does any with 'assert' in its name."""
ON_THE_LOCAL_CLOUD = {"cloud", "played"}
"""The fixtures of tests/local that start it, once in each process that asks for it."""


@cache
def modules_of_tests() -> list[tuple[Path, ast.Module]]:
    paths = [path for path in files(".py") if path.parts[0] == "tests"]
    return [(path, ast.parse(text(path))) for path in paths]


def called(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a piece of code, and the name of what it calls; `.name` is nobody's of ours."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            match call.func:
                case ast.Name(name):
                    yield name, call
                case ast.Attribute(_, name):
                    yield name if name in JUDGES else f".{name}", call


def functions(module: ast.Module) -> Iterator[Function]:
    for node in ast.walk(module):
        if isinstance(node, Function):
            yield node


def is_judge(function: Function) -> bool:
    """Whether it is there to judge; what returns something may assert that it could be had."""
    returns = function.returns and ast.unparse(function.returns)
    return function.name.startswith("test_") or returns == "None"


def judging() -> set[str]:
    """The names of all that asserts something in our tests, if only by what it calls."""
    ours = [f for _, module in modules_of_tests() for f in functions(module) if is_judge(f)]
    found = JUDGES | {f.name for f in ours if any(isinstance(n, ast.Assert) for n in ast.walk(f))}
    calls = {f.name: {name for name, _ in called(f)} for f in ours}
    while more := {name for name, used in calls.items() if used & found} - found:
        found |= more
    return found


def test_every_test_asserts_something() -> None:
    judges = judging()
    for path, module in modules_of_tests():
        for test in functions(module):
            if test.name.startswith("test_"):
                assert test.name in judges or "assert" in ast.unparse(test), f"{path}: {test.name}"


def sleeps(module: ast.Module) -> Iterator[ast.Call]:
    """Every real sleep: on a fake clock a variable has the name of the module."""
    imports = [node for node in ast.walk(module) if isinstance(node, ast.Import)]
    real = {f"{alias.name}.sleep" for node in imports for alias in node.names}
    for _, call in called(module):
        if ast.unparse(call.func) in real & {"time.sleep", "asyncio.sleep"}:
            yield call


def test_no_test_sleeps() -> None:
    for path, module in modules_of_tests():
        for call in sleeps(module) if path not in WAITERS else ():
            amount = call.args[0]
            known = amount.value if isinstance(amount, ast.Constant) else 1
            assert known == 0 or known >= ENDLESS_S, f"{path}:{call.lineno} waits by the clock"


def test_no_local_cloud_is_started_for_one_module_alone() -> None:
    """It takes half a minute, so its modules run in the processes that have one."""
    for path, module in modules_of_tests():
        if path.parent == Path("tests/local") and path.name.startswith("test_"):
            asked = {arg.arg for test in functions(module) for arg in test.args.args}
            if asked & ON_THE_LOCAL_CLOUD:
                assert place(str(path)) < len(FIRST), (
                    f"{path} belongs in FIRST of tests/conftest.py"
                )

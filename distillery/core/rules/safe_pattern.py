"""Which regular expressions a rule may have: those whose time nobody can make explode.

A search is bounded by the length of the text times what one place may cost; a pattern is taken when
that cost is small whatever the text holds.
"""

from __future__ import annotations

import re

MAX_COST = 500
"""Ways to go on from one place of the text: choices and repeats multiplied, as they may nest."""
MAX_LENGTH = 300

_PLAIN = re.compile(r"\\[bBdDwWsS]|\\[^\w\s]|\[[^\]]+\]")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d+))?\}")
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")


def problem_of(pattern: str) -> str | None:
    """Say why a pattern is not taken, or return None."""
    if len(pattern) > MAX_LENGTH:
        return f"has {len(pattern)} characters; {MAX_LENGTH} are allowed"
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    return _shape_problem(_PLAIN.sub("c", pattern))


def _shape_problem(bare: str) -> str | None:
    if "\\" in bare or "(?" in bare.replace("(?:", "("):
        return "may use ( ), (?: ), [ ], |, ?, {m,n} and \\b \\d \\w \\s, and nothing else"
    if _UNBOUNDED.search(bare):
        return "repeats without an end; write {0,20} in the place of * and {1,20} of +"
    if "){" in bare:
        return "repeats a group; write out what is in it, or repeat single characters"
    if (cost := _cost(bare)) > MAX_COST:
        return f"may go on in {cost} ways from one place; {MAX_COST} are allowed: make it simpler"
    return None


def _cost(bare: str) -> int:
    """Multiply the choices of every group by every repeat, for they may follow one another."""
    cost = 1
    for repeat in _REPEAT.finditer(bare):
        cost *= max(int(repeat[2] or repeat[1]), 1)
    cost <<= bare.replace("(?:", "(").count("?")
    branches = [1]
    for character in bare:
        if character == "(":
            branches.append(1)
        elif character == "|":
            branches[-1] += 1
        elif character == ")" and len(branches) > 1:
            cost *= branches.pop()
    return cost * branches[0]

"""CloudWatch's metric math, as far as our dashboard uses it: + - * /, parentheses and FILL.

Source: Amazon CloudWatch, "Using metric math". A value that is missing makes the result missing.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

Series = Sequence[float | None]
"""One value a period; None where there is none."""

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Unsupported(ValueError):
    """The dashboard asks for more than is played here."""


def evaluate(expression: str, known: Mapping[str, Series], periods: int) -> list[float | None]:
    """Compute an expression over `periods` values of each series; raises Unsupported."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise Unsupported(f"not an expression: {expression}") from error
    return [_value(tree, known, n) for n in range(periods)]


def _value(node: ast.expr, known: Mapping[str, Series], n: int) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name][n]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, known, n)
            return None if value is None else -value
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, filling]):
            value = _value(inner, known, n)
            return _value(filling, known, n) if value is None else value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            one, other = _value(left, known, n), _value(right, known, n)
            if one is None or other is None or (isinstance(op, ast.Div) and other == 0):
                return None  # CloudWatch draws no point for a division by nothing
            return _OPERATORS[type(op)](one, other)
    raise Unsupported(f"not played here: {ast.unparse(node)}")

"""Small wrongs done to a module's source, one at a time, as a slip of the hand would do them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LEFT_ALONE = frozenset({"annotation", "returns", "decorator_list", "type_params"})
"""Fields that say how code is read, not what it does."""


@dataclass(frozen=True)
class Mutant:
    """A module with one thing wrong. `scope` is the function or class that holds it."""

    scope: str
    line: int
    slip: str
    source: str

    def __str__(self) -> str:
        return f"{self.line} {self.scope}: {self.slip}"


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its source."""
    tree = ast.parse(source)
    for scope, line, node, put in _places(tree, "", 0):
        for other in _others(node):
            put(other)
            whole = ast.unparse(ast.fix_missing_locations(tree))
            yield Mutant(scope, line, f"{_brief(node)} -> {_brief(other)}", whole)
        put(node)


def _places(
    parent: ast.AST, scope: str, line: int
) -> Iterator[tuple[str, int, ast.AST, Callable[[ast.AST], None]]]:
    """Each node that may be replaced: its scope and line, itself, and what puts another there."""
    if isinstance(parent, ast.FunctionDef | ast.ClassDef):
        scope = f"{scope}.{parent.name}".lstrip(".")
    for field, held in ast.iter_fields(parent):
        if field in _LEFT_ALONE:
            continue
        for index, node in enumerate(held if isinstance(held, list) else [held]):
            if not isinstance(node, ast.AST) or _is_docstring(node):
                continue
            at = getattr(node, "lineno", line)
            if isinstance(held, list):
                yield scope, at, node, partial(held.__setitem__, index)
            else:
                yield scope, at, node, partial(setattr, parent, field)
            yield from _places(node, scope, at)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """What a slip may have put in a node's place."""
    match node:
        case ast.Compare():
            for at, op in enumerate(node.ops):
                for other in _COMPARE[type(op)]:
                    yield _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])
        case ast.BoolOp():
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _BINARY:
            yield _with(node, op=_BINARY[type(node.op)]())
        case ast.Constant():
            for value in _values(node.value):
                yield _with(node, value=value)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield _with(node, func=ast.Name(_CALLS[name]))
        case ast.If() | ast.While() | ast.IfExp() if not _turned_anyway(node.test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=[first, *rest]) if not _turned_anyway(first):
            yield _with(node, ifs=[ast.UnaryOp(ast.Not(), first), *rest])
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
    if _may_be_forgotten(node):
        yield ast.Pass()


def _may_be_forgotten(node: ast.AST) -> bool:
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Delete() | ast.Return(value=None):
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
    return False


def _values(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
            yield value - 1
        case str():
            yield f"XX{value}XX"
        case bytes():
            yield b"XX" + value + b"XX"


def _turned_anyway(test: ast.expr) -> bool:
    """Whether a condition's own mutants hold its opposite already."""
    if isinstance(test, ast.Compare):
        return len(test.ops) == 1
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    other = copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _brief(node: ast.AST) -> str:
    return ast.unparse(node).split("\n")[0]

"""Where templates are rendered: no way out, nothing unescaped in HTML, and an end to every loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, ClassVar

from jinja2 import FunctionLoader, StrictUndefined, Template, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mentoring import wording
from mentoring.itip import plain

STEPS = 100_000
"""Rounds of loops, calls and includes in one rendering; the longest of ours takes a few hundred."""

_LARGEST_NUMBER = 10**15
_MOST_KNOWN = 10_000

# Left out: `safe` shows text unescaped, `random` differs each time, and the others make huge texts.
_LEFT_OUT = (
    *("safe", "random", "pprint", "format", "center", "indent", "attr", "xmlattr"),
    *("batch", "slice", "tojson"),
)
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
OWN_FILTERS: Mapping[str, Callable[..., Any]] = {
    "plain": plain,
    "day": wording.spoken_day,
    "weekday": wording.weekday,
    "weekday_name": wording.weekday_name,
    "number": wording.spoken_number,
    "short_day": wording.short_day,
    "column": wording.column,
    "days": wording.spoken_days,
    "hours": wording.spoken_minutes,
    "spoken": wording.spoken,
    "short_time": wording.short_time,
}
_FILTERS = {name: f for name, f in FILTERS.items() if name not in _LEFT_OUT} | dict(OWN_FILTERS)

_left: ContextVar[list[int]] = ContextVar("steps left in this rendering")


@contextmanager
def steps() -> Iterator[None]:
    """One rendering: what it may do is counted."""
    token = _left.set([STEPS])
    try:
        yield
    finally:
        _left.reset(token)


def _step(count: int = 1) -> None:
    left = _left.get(None)
    if left is None:
        return
    left[0] -= count
    if left[0] < 0:
        raise SecurityError("it does too much: a loop or a call of itself has no end")


class _Counting(CodeGenerator):
    """Counts each loop's rounds; refuses the tag that would switch escaping off."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        counted = nodes.EnvironmentAttribute("counted", lineno=node.lineno)
        node.iter = nodes.Call(counted, [node.iter], [], None, None, lineno=node.lineno)
        super().visit_For(node, frame)

    def visit_ScopedEvalContextModifier(  # noqa: N802 - Jinja's name
        self, node: nodes.ScopedEvalContextModifier, _frame: Frame
    ) -> None:
        self.fail("the tag autoescape is not allowed", node.lineno)


class _Sandbox(ImmutableSandboxedEnvironment):
    code_generator_class = _Counting
    intercepted_binops = frozenset({"*", "**", "%"})

    _known: ClassVar[dict[tuple[type, str], bool]] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Looked up once for a type and a name: Jinja's rules look at nothing else."""
        asked = type(obj), attr
        known = self._known.get(asked)
        if known is not None:
            return known
        padding = isinstance(obj, str) and attr in _PADDING
        safe = not padding and super().is_safe_attribute(obj, attr, value)
        if len(self._known) < _MOST_KNOWN:
            self._known[asked] = safe
        return safe

    def counted(self, items: Iterable[Any]) -> list[Any]:
        taken = list(islice(items, STEPS + 1))
        _step(len(taken))
        return taken

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        _step()
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Sums, but no text made long by multiplying it."""
        if operator == "**" or not (isinstance(left, int) and isinstance(right, int | float)):
            raise SecurityError(f"{operator} is for whole numbers only, and ** not allowed")
        if max(abs(left), abs(right)) > _LARGEST_NUMBER:
            raise SecurityError("a number is too large")
        return super().call_binop(context, operator, left, right)

    def get_template(self, *args: Any, **kwargs: Any) -> Template:
        _step()
        return super().get_template(*args, **kwargs)

    def select_template(self, *args: Any, **kwargs: Any) -> Template:
        _step()
        return super().select_template(*args, **kwargs)


def environment(
    load: Callable[[str], tuple[str, str, Callable[[], bool]] | None], *, autoescape: bool
) -> ImmutableSandboxedEnvironment:
    """Templates that `load` finds; with `autoescape` even a .txt one included in HTML escapes."""
    words = _Sandbox(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    words.filters = dict(_FILTERS)
    words.globals = {"dict": dict, "namespace": words.globals["namespace"]}
    return words


@pass_context
def _not_run(*_: object) -> str:
    return ""


def for_reading() -> ImmutableSandboxedEnvironment:
    """To look into templates without running any of them: Jinja runs filters of constants ahead."""
    words = environment(lambda _: None, autoescape=False)
    words.filters = dict.fromkeys(words.filters, _not_run)
    return words

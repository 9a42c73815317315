"""The child that reads a calendar: what it answers, and what it may take for that."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integrations import ical_child
from integrations.ical import read_busy
from integrations.ports import ProviderError
from mentoring.interval import Interval
from tests.integrations.golden_item import TEN, instant
from tests.integrations.golden_odd import EVERYWHERE, UNKNOWN, ZONED
from tests.integrations.test_ical_bounds import DANA, ONE, WINDOW, text

TOO_MUCH = "the calendar takes more time or memory to read than one may"
MEND = "ask the owner to check or republish the calendar"


def test_what_the_child_answers_is_what_the_calendar_says() -> None:
    items, warnings = read_busy(text(ZONED.format("Mine")).encode(), WINDOW, DANA)
    start, end = (instant(moment) for moment in EVERYWHERE[0])
    assert items == {ONE: (Interval(start, end),)}
    assert warnings == (UNKNOWN.format(4),)


def test_what_the_child_refuses_is_no_passing_fault() -> None:
    with pytest.raises(ProviderError) as error:
        read_busy(b"<html>", WINDOW, DANA)
    told = error.value
    assert (told.message, told.mend, told.permanent) == ("this is no calendar", MEND, True)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import time; time.sleep(600)", TOO_MUCH),
        ("raise MemoryError", TOO_MUCH),
        ("print('[]')", "the calendar can't be read"),
    ],
)
def test_a_child_without_a_proper_answer(
    program: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run

    def run(command: list[str], *, timeout: float, **how: Any) -> Any:
        assert timeout == 30  # seconds of the wall clock
        return real([command[0], "-c", program], timeout=0.5 if "sleep" in program else 60, **how)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ProviderError) as error:
        read_busy(b"", WINDOW, DANA)
    assert (error.value.message, error.value.mend, error.value.permanent) == (told, MEND, True)


class _Stream:
    def __init__(self, raw: bytes) -> None:
        self.buffer = io.BytesIO(raw)


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (
            text(TEN).encode(),
            {"items": {ONE: [[1799748000.0, 1799751600.0]]}, "warnings": []},
        ),
        (b"", {"error": "this is no calendar"}),
    ],
)
def test_the_child_bounds_itself_before_it_reads(
    raw: bytes, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", asked.__setitem__)
    header = {
        "start": WINDOW.start.isoformat(),
        "end": WINDOW.end.isoformat(),
        "email": DANA.email,
        "zone": DANA.timezone,
    }
    monkeypatch.setattr(sys, "stdin", _Stream(json.dumps(header).encode() + b"\n" + raw))
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)
    ical_child.main()
    assert json.loads(said.getvalue()) == answer
    assert asked[resource.RLIMIT_CPU] == (10, 10)  # seconds
    soft, hard = asked[resource.RLIMIT_AS]
    assert soft == hard
    statm = Path("/proc/self/statm").read_text()
    mapped = int(statm.split()[0]) * resource.getpagesize()
    assert 255 << 20 <= soft - mapped <= 257 << 20

"""The child that renders a coordinator's own templates: it limits itself, and answers in JSON.

A request is pickled by our own parent; the answer is none, since what was rendered is a stranger's.
"""

from __future__ import annotations

import json
import pickle
import resource
import signal
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from mentoring.tables import Fault

LENGTH = struct.Struct(">Q")
"""What goes before each request and each answer: how many bytes it has."""
_CPU_SECONDS = 5
_MEMORY = 256 << 20
"""Bytes beyond what it takes to start."""
LARGEST = 1 << 20
"""Characters of one rendering; the longest of ours has some thirty thousand."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us, by ending our input
    from service import compose  # noqa: F401 - loaded before memory is counted

    most = _used_memory() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(LENGTH.size):
        request = pickle.loads(requests.read(LENGTH.unpack(head)[0]))
        _allow_time()
        _tell(answers, _answer(*request))


def _used_memory() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _allow_time() -> None:
    """The kernel ends us where one rendering takes longer."""
    most = int(time.process_time()) + 1 + _CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _tell(answers: BinaryIO, answer: Mapping[str, Any]) -> None:
    raw = json.dumps(answer).encode()
    answers.write(LENGTH.pack(len(raw)) + raw)
    answers.flush()


def _answer(
    own: tuple[tuple[str, str, str], ...], language: str, name: str, given: dict[str, Any] | None
) -> dict[str, Any]:
    """`own` are names, texts and paths; with nothing `given` the template is only compiled."""
    from service.template_faults import refusal

    try:
        text = _render(own, language, name, given)
    except Exception as error:
        return asdict(refusal(error, [Path(path) for _, _, path in own]).fault)
    if len(text) > LARGEST:
        return asdict(Fault("", 1, "it makes more than a megabyte of text", "shorten it"))
    return {"text": text}


def _render(
    own: tuple[tuple[str, str, str], ...], language: str, name: str, given: dict[str, Any] | None
) -> str:
    from service.sandbox import steps

    edition = _templates(own).spoken(language)
    with steps():
        template = edition.of(name).get_template(name)
        return "" if given is None else template.render(given)


@lru_cache(maxsize=2)
def _templates(own: tuple[tuple[str, str, str], ...]) -> Any:
    from service.templates import Source, Templates, shipped

    sources = {name: Source(text, Path(path)) for name, text, path in own}
    return Templates({**shipped().sources, **sources})


if __name__ == "__main__":
    main()

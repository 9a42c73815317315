"""The child that parses a calendar: limits itself, reads standard input, prints JSON, ends."""

from __future__ import annotations

import json
import resource
import sys
from datetime import datetime
from pathlib import Path

_CPU_SECONDS = 10
_MEMORY = 256 << 20
"""Bytes beyond what it takes to start; twenty thousand entries take a hundred million."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    from integrations.ical_busy import busy_items
    from integrations.ical_prepare import CalendarError
    from integrations.ports import Owner
    from mentoring.interval import Interval

    most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    header = json.loads(sys.stdin.buffer.readline())
    window = Interval(
        datetime.fromisoformat(header["start"]), datetime.fromisoformat(header["end"])
    )
    try:
        items, warnings = busy_items(
            sys.stdin.buffer.read(), window, Owner(header["email"], header["zone"])
        )
    except CalendarError as error:
        json.dump({"error": str(error)}, sys.stdout)
        return
    answer = {
        "items": {
            key: [(i.start.timestamp(), i.end.timestamp()) for i in stretches]
            for key, stretches in items.items()
        },
        "warnings": warnings,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

"""The child that parses a calendar: limits itself, reads standard input, prints JSON, ends."""

from __future__ import annotations

import json
import resource
import sys
from datetime import datetime

_CPU_SECONDS = 10
_MEMORY = 1 << 30


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    from integrations.ical_busy import busy_items
    from integrations.ical_prepare import CalendarError
    from integrations.ports import Owner
    from mentoring.interval import Interval

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

"""Calendar text to busy stretches, in a child process with limits: feeds are strangers' input."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from integrations.ports import Owner, ProviderError
from mentoring.interval import Interval

_ROOT = Path(__file__).parent.parent
_WALL_SECONDS = 30
_MEND = "ask the owner to check or republish the calendar"


def read_busy(
    raw: bytes, window: Interval, owner: Owner
) -> tuple[dict[str, tuple[Interval, ...]], tuple[str, ...]]:
    """Busy stretches by item key (see `ports.item_key`) that reach into the window, and warnings.

    Raises ProviderError where the text is no calendar or can't be read whole.
    """
    header = {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "email": owner.email,
        "zone": owner.timezone,
    }
    answer = _ask_child(json.dumps(header).encode() + b"\n" + raw)
    if "error" in answer:
        raise ProviderError(str(answer["error"]), mend=_MEND, permanent=True)
    items = {
        key: tuple(Interval(_instant(start), _instant(end)) for start, end in stretches)
        for key, stretches in answer["items"].items()
    }
    return items, tuple(answer["warnings"])


def _ask_child(request: bytes) -> dict[str, dict[str, list[tuple[float, float]]]]:
    try:
        child = subprocess.run(
            [sys.executable, "-m", "integrations.ical_child"],
            input=request,
            capture_output=True,
            cwd=_ROOT,
            timeout=_WALL_SECONDS,
            check=False,
        )
        answer = json.loads(child.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise ProviderError(
            "the calendar takes more time or memory to read than one may",
            mend=_MEND,
            permanent=True,
        ) from error
    if not isinstance(answer, dict):
        raise ProviderError("the calendar can't be read", mend=_MEND, permanent=True)
    return answer


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

"""The units, as systemd's own tool judges them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parent.parent / "systemd"
EXPOSURE = {"overlap.service": 1.1, "overlap-web.service": 0.3}
"""At most so much of 10; a bare unit has 9.2. What is left is what a mailing service must do."""


@pytest.mark.parametrize("unit", EXPOSURE)
def test_a_unit_exposes_no_more_than_it_must(unit: str) -> None:
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(SYSTEMD / unit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", judged.stdout)
    assert found
    assert float(found[1]) <= EXPOSURE[unit], judged.stdout

"""Python's collector in a process that plays many runs, one after another."""

from __future__ import annotations

import gc


def settle() -> None:
    """What is loaded stays, and need not be looked over for garbage; what follows, less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)

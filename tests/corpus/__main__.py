"""Writes the corpus anew."""

from __future__ import annotations

from tests.corpus import KEPT, written

if __name__ == "__main__":
    mails = written()
    KEPT.mkdir(exist_ok=True)
    for path in KEPT.glob("*.eml"):
        if path.name not in mails:
            path.unlink()
    for name, raw in mails.items():
        (KEPT / name).write_bytes(raw)

"""Two people at once: a pair is asked for by one statement."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam

BOTH: tuple[BindParameter[str], BindParameter[str]] = (bindparam("one"), bindparam("other"))
"""For `column.in_(BOTH)`: a list of any length would have its statement written anew each time."""


def named(both: tuple[str, str]) -> dict[str, str]:
    """The values of BOTH."""
    return dict(zip(("one", "other"), both, strict=True))

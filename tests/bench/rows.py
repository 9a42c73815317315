"""Every part of the bench: a new one is a function and its line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.bench import cohort, daemon, mails, many, pair
from tests.bench.row import Row, Scale

PARTS: Mapping[str, Callable[[Scale], Iterator[Row]]] = {
    "pair": pair.rows,
    "pairs": many.pairs,
    "cohort": cohort.rows,
    "memory": many.memory,
    "mails": mails.rows,
    "daemon": daemon.rows,
}

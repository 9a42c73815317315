"""Small parts of an assignment, solved to the best by branch and bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mentoring.assignment_parts import Part

_NODES = 1_000
"""After so many steps a part is not small: the solver is quicker."""

_Score = tuple[int, int, int]


class _TooLargeError(Exception):
    """The search has taken more steps than it may."""


def branch_and_bound(part: Part, start: Sequence[int | None]) -> list[int | None] | None:
    """The best choice of a part, at the worst `start` itself; None where the part is too large.

    Members with the fewest times left choose first. A branch is left when what is still possible
    for each of the others on its own comes to no less than the best that was found.
    """
    search = _Search(part, start)
    everyone = (1 << len(part.members)) - 1
    try:
        search.descend(everyone, (1 << len(part.owner)) - 1, (0, 0, 0))
    except _TooLargeError:
        return None
    return search.best


class _Search:
    def __init__(self, part: Part, start: Sequence[int | None]) -> None:
        self.part = part
        self.own = [_set(span) for span in part.of]
        self.against = _conflicts(part)
        self.wide = [
            (sum(1 << o for o in row.options), row.most) for row in part.rows if row.most > 1
        ]
        self.best: list[int | None] = list(start)
        value = part.value(start)
        self.least: _Score = (value.unscheduled, value.burden, value.cost)
        self.choice: list[int | None] = [None] * len(part.members)
        self.taken = 0
        self.nodes = 0

    def descend(self, waiting: int, free: int, score: _Score) -> None:
        """Choose for those who wait, among the free options, with `score` so far."""
        self.nodes += 1
        if self.nodes > _NODES:
            raise _TooLargeError
        member, bound = self._next(waiting, free, score)
        if bound >= self.least:
            return
        if member is None:
            self.best, self.least = list(self.choice), bound
            return
        rest = waiting & ~(1 << member)
        part, left = self.part, free & self.own[member]
        for option in part.of[member]:
            if not left >> option & 1 or not self._fits(option):
                continue
            self.choice[member] = option
            self.taken |= 1 << option
            worse = (score[0], score[1] + part.burden[option], score[2] + part.cost[option])
            self.descend(rest, free & ~self.against[option], worse)
            self.taken &= ~(1 << option)
            self.choice[member] = None
        self.descend(rest, free & ~self.own[member], (score[0] + 1, score[1], score[2]))

    def _next(self, waiting: int, free: int, score: _Score) -> tuple[int | None, _Score]:
        """Who has the fewest times left, and what the score can come to at the best."""
        unscheduled, burden, cost = score
        fewest: int | None = None
        fewest_left = 0
        for member, own in enumerate(self.own):
            if not waiting >> member & 1:
                continue
            left = own & free
            if not left:
                unscheduled += 1
                continue
            best = (left & -left).bit_length() - 1
            burden += self.part.burden[best]
            cost += self.part.cost[best]
            count = left.bit_count()
            if fewest is None or count < fewest_left:
                fewest, fewest_left = member, count
        return fewest, (unscheduled, burden, cost)

    def _fits(self, option: int) -> bool:
        """Whether the resources that take several meetings at once have room for one more."""
        with_it = self.taken | 1 << option
        return all((with_it & row).bit_count() <= most for row, most in self.wide)


def _conflicts(part: Part) -> list[int]:
    """For each option the set of those that can't stand beside it, those of its own member too."""
    against = [0] * len(part.owner)
    for span in part.of:
        own = _set(span)
        for option in span:
            against[option] |= own
    for row in part.rows:
        together = _set(row.options)
        for option in row.options if row.most == 1 else ():
            against[option] |= together
    return against


def _set(options: Iterable[int]) -> int:
    return sum(1 << option for option in options)

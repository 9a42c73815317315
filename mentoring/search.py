"""The search for a pair's time: the starts that suit both, and the cheapest of them first.

No term but meeting on site makes a start cheaper than its distance from the due date alone. So
starts are looked at outwards from that date, and only until none that is left can be cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from heapq import heappop, heappush, merge
from itertools import islice
from math import inf

from mentoring import costs
from mentoring.asked import Found, Seat, Slot, Wanted, one_site
from mentoring.costs import Reason
from mentoring.grid import SECONDS, Grid, falling, quarters_in, rising, starts
from mentoring.interval import Interval

_ALTERNATIVES = 5
_ROUNDED = 0.01
_MICROSECONDS = SECONDS * 10**6
_FOR_A_MICROSECOND = costs.DAY_FROM_DUE / 86_400_000_000


class Search:
    """One pair's question and its answers, each found when it is asked for.

    `starts` are the bits of the quarter hours on `grid` from which the meeting suits both; an
    `index` is the number of one of them.
    """

    def __init__(self, mentor: Seat, mentee: Seat, wanted: Wanted) -> None:
        self.grid = Grid.over(wanted.window)
        self.wanted = wanted
        self._seats = (mentor, mentee)
        self._meanings = tuple(s.free.work.meanings(wanted.minutes) for s in self._seats)
        self._quarters = quarters_in(wanted.minutes)
        self._due = costs.microseconds(wanted.due)
        self._shares = costs.shares(mentor.borne, mentee.borne)
        self._refused = self.grid.touched(wanted.refused) if wanted.refused else 0
        frees = tuple(self.grid.cut(s.free.bits, s.free.work.grid.first) for s in self._seats)
        self._frees = (frees[0], frees[1])
        self.starts = starts(frees[0] & frees[1] & ~self._refused, self._quarters)

    def found(self) -> Found:
        """The best time, the next best on other days, and what ruled the rest out."""
        ranked = self.ranked()
        best = next(ranked, None)
        if best is None:
            return Found(None, (), self.rejected())
        others = islice(self._other_days(best, ranked), _ALTERNATIVES)
        return Found(self.slot(best), tuple(self.slot(i) for i in others), self.rejected())

    def best(self) -> Slot | None:
        """The cheapest time, the earliest of equals: the first of `ranked`, found sooner."""
        near = self._nearly_best()
        if len(near) > 1:
            near = [min((self.cost(index), index) for index in near)[1]]
        return self.slot(near[0]) if near else None

    def ranked(self) -> Iterator[int]:
        """All starts, the cheapest first, the earlier of equals.

        They are looked at outwards from the due date: what lies further away costs more for that
        alone, so the cheapest is known long before the last is looked at.
        """
        waiting: list[tuple[float, int]] = []
        for least, index in self._outwards():
            while waiting and waiting[0][0] < least:
                yield heappop(waiting)[1]
            heappush(waiting, (self.cost(index), index))
        while waiting:
            yield heappop(waiting)[1]

    def cost(self, index: int) -> float:
        return round(sum(self._terms(index)), 3)

    def slot(self, index: int) -> Slot:
        """A start in full, with its reasons."""
        start = self.grid.at(index)
        interval = Interval(start, start + timedelta(minutes=self.wanted.minutes))
        edges = [meaning[self.grid.first + index][0] for meaning in self._meanings]
        reasons = tuple(self._reasons(index))
        cost = round(sum(reason.cost for reason in reasons), 3)
        return Slot(interval, cost, reasons, self._on_site(index), (edges[0], edges[1]))

    def rejected(self) -> dict[str, int]:
        """How many starts each cause rules out that none before it did."""
        left = starts(self.grid.all, self._quarters)
        counts: dict[str, int] = {}
        for cause, blocked in self._causes():
            ruled_out = left & ~starts(self.grid.all & ~blocked, self._quarters)
            counts[cause] = ruled_out.bit_count()
            left &= ~ruled_out
        return {cause: count for cause, count in counts.items() if count}

    def _outwards(self) -> Iterator[tuple[float, int]]:
        """Starts with the least that they can cost, in its order."""
        on_site = self._together & self.starts
        elsewhere = self._from_due(self.starts & ~on_site, 0.0)
        return merge(self._from_due(on_site, costs.ON_SITE), elsewhere) if on_site else elsewhere

    def _from_due(self, bits: int, extra: float) -> Iterator[tuple[float, int]]:
        before, after = (
            ((self._least(index, extra), index) for index in side)
            for side in self._sides_of_due(bits)
        )
        return merge(before, after)

    def _sides_of_due(self, bits: int) -> tuple[Iterator[int], Iterator[int]]:
        """The starts before and after the due date, each from there on."""
        due = self._due // _MICROSECONDS + 1 - self.grid.first
        pivot = min(max(due, 0), self.grid.size)
        return falling(bits, pivot), rising(bits, pivot)

    def _nearly_best(self) -> list[int]:
        """The starts whose cost but for rounding is the least, and those as good as that."""
        one, other = self._meanings
        first, due, shares = self.grid.first, self._due, self._shares
        on_site = self._together & self.starts
        best, kept = inf, []
        for bits, extra in ((on_site, costs.ON_SITE), (self.starts & ~on_site, 0.0)):
            floor = 5 if extra and self.wanted.lunch else 4
            for side in self._sides_of_due(bits):
                for index in side:
                    quarter = first + index
                    cost = abs(quarter * _MICROSECONDS - due) * _FOR_A_MICROSECOND + extra
                    if cost > best:
                        break
                    a, b = one[quarter], other[quarter]
                    cost += a[0] * shares[0] + a[floor] + b[0] * shares[1] + b[floor]
                    if cost <= best and (cost := cost + self._splintered(index)) <= best:
                        best = min(best, cost + _ROUNDED)
                        kept.append((cost, index))
        return [index for cost, index in kept if cost <= best]

    def _splintered(self, index: int) -> float:
        end, (one, other) = index + self._quarters, self._frees
        pieces = costs.splinters(one, index, end) + costs.splinters(other, index, end)
        return pieces * costs.SPLINTER

    def _least(self, index: int, extra: float) -> float:
        return round(costs.for_days(self._days(index)) + extra, 3)

    def _days(self, index: int) -> float:
        return costs.days_from(self._due, (self.grid.first + index) * SECONDS)

    def _terms(self, index: int) -> tuple[float, ...]:
        """Every term of a start's cost, in the order of `costs.TEXTS`; 0 where it is none."""
        quarter, end = self.grid.first + index, index + self._quarters
        one, other = self._meanings[0][quarter], self._meanings[1][quarter]
        on_site = self._on_site(index)
        eats = not (on_site and self.wanted.lunch)
        return (
            costs.for_days(self._days(index)),
            round(one[0] * self._shares[0], 3),
            round(other[0] * self._shares[1], 3),
            eats and one[1] * costs.OVER_LUNCH,
            eats and other[1] * costs.OVER_LUNCH,
            costs.splinters(self._frees[0], index, end) * costs.SPLINTER,
            costs.splinters(self._frees[1], index, end) * costs.SPLINTER,
            one[2],
            other[2],
            one[3],
            other[3],
            on_site and costs.ON_SITE,
        )

    def _reasons(self, index: int) -> Iterator[Reason]:
        """The terms that count, in words; the distance from the due date always."""
        quarter, days = self.grid.first + index, self._days(index)
        for number, cost in enumerate(self._terms(index)):
            if cost or number == 0:
                side = (number - 1) % 2
                yield Reason(
                    costs.TEXTS[number].format(
                        days=abs(days),
                        direction="after" if days >= 0 else "before",
                        role=self._seats[side].role,
                        meaning=self._meanings[side][quarter],
                    ),
                    cost,
                )

    def _on_site(self, index: int) -> bool:
        return bool(self._together >> index & 1)

    @cached_property
    def _together(self) -> int:
        """Bits of the starts at which both are at their one site; none where that is no matter."""
        mentor, mentee = self._seats
        if not (self.wanted.in_person and one_site(mentor.person, mentee.person)):
            return 0
        one, other = (
            self.grid.cut(s.free.work.days(s.person.onsite), s.free.work.grid.first)
            for s in self._seats
        )
        return one & other

    def _other_days(self, best: int, ranked: Iterator[int]) -> Iterator[int]:
        """The best start of each day but the winner's, by the mentee's calendar."""
        seen = {self._day(best)}
        for index in ranked:
            day = self._day(index)
            if day not in seen:
                seen.add(day)
                yield index

    def _day(self, index: int) -> int:
        return self._seats[1].free.work.day((self.grid.first + index) * SECONDS)

    def _causes(self) -> Iterator[tuple[str, int]]:
        both = [(seat.role, seat.free.on(self.grid)) for seat in self._seats]
        for role, own in both:
            yield f"outside {role} hours", self.grid.all & ~own.hours
        for role, own in both:
            yield f"{role} busy", own.busy
        for role, own in both:
            yield f"{role} in another meeting", own.taken
        yield "asked before", self._refused

"""An assignment without a solver: one after another, then better by moving who is in the way."""

from __future__ import annotations

from collections.abc import Sequence

from mentoring.assignment_parts import Part

_DEPTH = 3
"""So many others are moved in a row, at the most, to make room for one."""
_IN_THE_WAY = 2
"""So many others may stand in one option's way."""
_PASSES = 20


def one_after_another(part: Part) -> list[int | None]:
    """Each request in its turn takes the cheapest of its options that those before have left."""
    plan = _Plan(part, [None] * len(part.members))
    for span in part.of:
        for option in sorted(span, key=lambda o: (part.cost[o], part.start[o])):
            if plan.fits(option):
                plan.put(option)
                break
    return plan.choice


def improved(part: Part, choice: Sequence[int | None]) -> list[int | None]:
    """A choice that is no worse: more requests served, then better times, by moving others."""
    plan = _Plan(part, choice)
    for member, option in enumerate(choice):
        if option is None:
            plan.make_room(member, _DEPTH, {member})
    for _ in range(_PASSES):
        if not sum(plan.better(member) for member in range(len(choice))):
            break
    return plan.choice


class _Plan:
    """A choice with the load that it puts on each row."""

    def __init__(self, part: Part, choice: Sequence[int | None]) -> None:
        self.part = part
        self.rows = part.option_rows()
        self.choice: list[int | None] = [None] * len(choice)
        self.on: list[list[int]] = [[] for _ in part.rows]
        """Which members load each row."""
        for option in choice:
            if option is not None:
                self.put(option)

    def fits(self, option: int) -> bool:
        return all(len(self.on[row]) < self.part.rows[row].most for row in self.rows[option])

    def put(self, option: int) -> None:
        member = self.part.owner[option]
        self.choice[member] = option
        for row in self.rows[option]:
            self.on[row].append(member)

    def take(self, member: int) -> int | None:
        """Take away what a member has."""
        option = self.choice[member]
        if option is not None:
            self.choice[member] = None
            for row in self.rows[option]:
                self.on[row].remove(member)
        return option

    def in_the_way(self, option: int) -> list[int]:
        """Members without whom the option would fit: one of each row that is full."""
        found: set[int] = set()
        for row in self.rows[option]:
            on = self.on[row]
            if len(on) >= self.part.rows[row].most and found.isdisjoint(on):
                found.add(min(on))
        return sorted(found)

    def make_room(self, member: int, depth: int, moved: set[int]) -> bool:
        """Give a member an option, moving others to others of theirs; False, nothing changed."""
        for option in self.part.of[member]:
            if self.fits(option):
                self.put(option)
                return True
        if not depth:
            return False
        for option in self.part.of[member]:
            others = self.in_the_way(option)
            if len(others) > _IN_THE_WAY or not moved.isdisjoint(others):
                continue
            before = list(self.choice)
            for other in others:
                self.take(other)
            self.put(option)
            now_moved = moved | set(others)
            if all(self.make_room(other, depth - 1, now_moved) for other in others):
                return True
            self._back_to(before)
        return False

    def better(self, member: int) -> bool:
        """Move a member to a better option, and who is in the way to another, where that gains."""
        current = self.choice[member]
        if current is None:
            return False
        for option in self.part.of[member]:
            if option >= current:  # options are numbered best first
                return False
            self.take(member)
            others = self.in_the_way(option)
            if not others:
                self.put(option)
                return True
            if len(others) == 1 and self._swapped(option, others[0], current):
                return True
            self.put(current)
        return False

    def _swapped(self, option: int, other: int, current: int) -> bool:
        """Put a member to an option and the other elsewhere, if together that is better."""
        part = self.part
        was = self.take(other)
        assert was is not None  # noqa: S101
        self.put(option)
        before = (part.burden[current] + part.burden[was], part.cost[current] + part.cost[was])
        for else_where in part.of[other]:
            after = (
                part.burden[option] + part.burden[else_where],
                part.cost[option] + part.cost[else_where],
            )
            if after >= before:
                break
            if self.fits(else_where):
                self.put(else_where)
                return True
        self.take(part.owner[option])
        self.put(was)
        return False

    def _back_to(self, before: list[int | None]) -> None:
        for member, option in enumerate(before):
            if self.choice[member] != option:
                self.take(member)
        for member, option in enumerate(before):
            if option is not None and self.choice[member] is None:
                self.put(option)

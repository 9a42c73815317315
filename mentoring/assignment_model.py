"""What an assignment is made of: requests with their options, what stands already, what is best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Option:
    """A time that would do: [start, end) in whole units of any clock.

    `burden` and `cost` are whole numbers from zero; less is better, burden before cost. `uses` are
    resources that this option takes besides its request's people: a room.
    """

    start: int
    end: int
    burden: int = 0
    cost: int = 0
    uses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.end <= self.start or self.burden < 0 or self.cost < 0:
            raise ValueError(f"an option that is empty or less than free: {self}")

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def rank(self) -> tuple[int, int, int]:
        """Best first: the least burden, the least cost, the earliest."""
        return (self.burden, self.cost, self.start)


@dataclass(frozen=True)
class Request:
    """People who want one meeting, and the times that would do."""

    people: tuple[str, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Held:
    """Something that stands and is not moved: [start, end) with the people and rooms in it."""

    start: int
    end: int
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """`capacity` is how many meetings a resource takes at once; one where it is not named."""

    requests: tuple[Request, ...]
    held: tuple[Held, ...] = ()
    capacity: Mapping[str, int] = field(default_factory=dict)

    def room_for(self, resource: str) -> int:
        return self.capacity.get(resource, 1)


@dataclass(frozen=True, order=True)
class Value:
    """How good an assignment is; the smaller the better, the first field before the next."""

    unscheduled: int
    burden: int
    cost: int

    def __add__(self, other: Value) -> Value:
        return Value(
            self.unscheduled + other.unscheduled,
            self.burden + other.burden,
            self.cost + other.cost,
        )


@dataclass(frozen=True)
class Bound:
    """No assignment leaves fewer out; of those, none has less burden; of those, none less cost.

    `burden` holds for assignments that leave `unscheduled` out, `cost` for those of that burden.
    """

    unscheduled: int
    burden: float
    cost: float

    def __add__(self, other: Bound) -> Bound:
        return Bound(
            self.unscheduled + other.unscheduled,
            self.burden + other.burden,
            self.cost + other.cost,
        )

    def gap(self, value: Value) -> float:
        """How far a value may be from the best, as a share of it, at the first field that differs.

        Infinite where the bound allows one more request, or none of what the value counts.
        """
        if value.unscheduled > self.unscheduled:
            return float("inf")
        for got, least in ((value.burden, self.burden), (value.cost, self.cost)):
            if got > least:
                return (got - least) / got
        return 0.0


def exact(value: Value) -> Bound:
    """The bound of a value that is known to be the best."""
    return Bound(value.unscheduled, value.burden, value.cost)


def value_of(
    requests: Sequence[Request], chosen: Sequence[int | None], among: Iterable[int] | None = None
) -> Value:
    """What a choice, one option or None for each request, comes to; or that of some of them."""
    unscheduled = burden = cost = 0
    for number in range(len(chosen)) if among is None else among:
        picked = chosen[number]
        if picked is None:
            unscheduled += 1
        else:
            option = requests[number].options[picked]
            burden += option.burden
            cost += option.cost
    return Value(unscheduled, burden, cost)

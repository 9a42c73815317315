"""Large parts of an assignment, solved by HiGHS (https://highs.dev, MIT) through highspy.

Each option is a column of 0 or 1; each member takes one at the most; each row of the part stands
for a whole set of options that overlap, not for each two of them: so the relaxation is close to
whole numbers. First it bounds how many can be served, and how little burden that takes. Then one
run weighs burden against cost; where it meets the bounds it is the best, else burden is settled
before cost. One thread, and limits that count work, make the answer follow from the input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import highspy
import numpy as np
import numpy.typing as npt
from highspy._core import _Highs

from mentoring.assignment_model import Bound
from mentoring.assignment_parts import Part

Numbers = npt.NDArray[np.float64]
_GAP = 1e-5
"""How far a cost may be from the best, as a share, before the search for a better one ends."""
_NODES = 2_000
_ROUNDING = 1e-6
_UNIT = 1_000.0
"""Costs are divided by it, so that HiGHS works with numbers of everyday size."""
_HEAVY = 10.0
"""So many of the largest costs weigh as much as one unit of burden; checked against the bound."""


@dataclass(frozen=True)
class Solved:
    """A choice, one option or None for each member, what bounds it, and the seconds it took."""

    choice: list[int | None]
    bound: Bound
    seconds: float


def solve(part: Part, start: Sequence[int | None], seconds: float) -> Solved:
    """The best choice of a part, never worse than `start`, in about so many seconds at the most.

    Where a limit is reached, the bound tells how good the choice may be at the best.
    """
    run = _Run(part, start, seconds)
    bound = run.settle()
    return Solved(run.best, bound, run.spent)


class _Run:
    """One model that is solved for one field after the other, with the best choice so far."""

    def __init__(self, part: Part, start: Sequence[int | None], seconds: float) -> None:
        self.part = part
        self.best = list(start)
        self.value = part.value(start)
        self.seconds = seconds
        self.spent = 0.0
        self.highs = _model(part)
        self.burden = np.array(part.burden, dtype=np.float64)
        self.cost = np.array(part.cost, dtype=np.float64) / _UNIT

    def settle(self) -> Bound:
        """Make the choice the best, and tell what bounds it."""
        unscheduled = self._most_served()
        if self.value.unscheduled > unscheduled:
            return Bound(unscheduled, 0.0, 0.0)
        least = self._relaxed(self.burden)
        weight = max(1.0, _HEAVY * float(self.cost.max()))
        lowest = self._whole(weight * self.burden + self.cost, self._slack())
        if self.value.burden > least:
            weighed = self.value.burden
            least = max(least, math.ceil(self._whole(self.burden, 0.5) - _ROUNDING))
            if self.value.burden > least:
                return Bound(unscheduled, least, 0.0)
            if weighed > least:
                self._add_row(self.burden, -highspy.kHighsInf, least)
                lowest = weight * least + self._whole(self.cost, self._slack())
        return Bound(unscheduled, least, self._cost_bound(lowest - weight * least))

    def _slack(self) -> float:
        return max(_ROUNDING, _GAP * self.value.cost / _UNIT)

    def _cost_bound(self, lowest: float) -> float:
        """The cost that no choice is under; the cost itself where no more than rounding differs."""
        bound = max(0.0, lowest * _UNIT)
        return self.value.cost if bound > self.value.cost - 0.5 else bound

    def _most_served(self) -> int:
        """How few are left out at the least; from here on as many as that must be served."""
        everyone = len(self.best)
        if self.value.unscheduled:
            served = -np.ones(len(self.burden))
            fewest = everyone + self._relaxed(served)
            if self.value.unscheduled > fewest:
                fewest = everyone + math.ceil(self._whole(served, 0.5) - _ROUNDING)
        else:
            fewest = 0
        if fewest:
            self._add_row(np.ones(len(self.burden)), everyone - fewest, highspy.kHighsInf)
        else:
            for member in range(everyone):
                self.highs.changeRowBounds(member, 1.0, 1.0)
        return fewest

    def _relaxed(self, objective: Numbers) -> int:
        """The least whole number that the relaxation allows an objective."""
        self._set(objective, whole=False)
        lowest = float(np.minimum(objective, 0.0).sum())
        if self._ran() == highspy.HighsModelStatus.kOptimal:
            lowest = self.highs.getInfo().objective_function_value
        return math.ceil(lowest - _ROUNDING)

    def _whole(self, objective: Numbers, slack: float) -> float:
        """Look for the best choice by an objective, take it if it is better; a bound of it.

        The best so far isn't handed over: HiGHS 1.16 with a start may leave the offset of its
        presolve out of the bound.
        """
        self._set(objective, whole=True)
        self.highs.setOptionValue("mip_abs_gap", slack)
        self._ran()
        info = self.highs.getInfo()
        if info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible):
            self._take(self.highs.getSolution().col_value)
        return float(max(info.mip_dual_bound, np.minimum(objective, 0.0).sum()))

    def _take(self, columns: Sequence[float]) -> None:
        """Keep what the solver found, if it is better."""
        found: list[int | None] = [None] * len(self.best)
        for option in np.flatnonzero(np.asarray(columns) > 0.5).tolist():
            found[self.part.owner[option]] = option
        value = self.part.value(found)
        if value < self.value:
            self.best, self.value = found, value

    def _set(self, objective: Numbers, *, whole: bool) -> None:
        every = np.arange(len(objective), dtype=np.int32)
        kind = highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
        kinds = np.full(len(objective), int(kind), dtype=np.uint8)
        self.highs.changeColsCost(len(every), every, objective)
        self.highs.changeColsIntegrality(len(every), every, kinds)

    def _add_row(self, weights: Numbers, least: float, most: float) -> None:
        entries = np.flatnonzero(weights).astype(np.int32)
        self.highs.addRow(least, most, len(entries), entries, weights[entries])

    def _ran(self) -> highspy.HighsModelStatus:
        """Run in the time that is left."""
        before = self.highs.getRunTime()
        self.highs.setOptionValue("time_limit", before + max(0.0, self.seconds - self.spent))
        self.highs.run()
        self.spent += self.highs.getRunTime() - before
        return self.highs.getModelStatus()


def _model(part: Part) -> _Highs:
    """At most one option a member, no row overfull. The first rows are the members', in order."""
    # The class above it prints a banner on standard output before it can be told not to.
    highs = _Highs()
    highs.setOptionValue("output_flag", False)
    for name, value in (("threads", 1), ("random_seed", 0), ("mip_max_nodes", _NODES)):
        highs.setOptionValue(name, value)
    highs.setOptionValue("mip_rel_gap", 0.0)
    rows: list[Sequence[int]] = [*part.of, *(row.options for row in part.rows)]
    most = [1] * len(part.of) + [row.most for row in part.rows]
    lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(part.owner), len(rows)
    lp.col_cost_ = np.zeros(len(part.owner))
    lp.col_lower_ = np.zeros(len(part.owner))
    lp.col_upper_ = np.ones(len(part.owner))
    lp.row_lower_ = np.full(len(rows), -highspy.kHighsInf)
    lp.row_upper_ = np.array(most, dtype=np.float64)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    lp.a_matrix_.index_ = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
    lp.a_matrix_.value_ = np.ones(int(lengths.sum()))
    highs.passModel(lp)
    return highs

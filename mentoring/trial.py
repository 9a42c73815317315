"""A letter that the programme writes to itself, and what its receiving server noted of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mentoring.authentication import Result
from mentoring.notices import Reader

TRIAL = "trial"
_PASS, _NONE, _FAIL, _TEMPORARY = "pass", "none", "fail", "temperror"


@dataclass(frozen=True)
class TrialNotice:
    """`kind` trial: to the programme's own address, by `check --mail`."""

    key: str
    reader: Reader
    kind: str = TRIAL


@dataclass(frozen=True)
class Judged:
    """What the receiving server says of a letter, in the words of RFC 8601 section 2.7."""

    spf: str
    dkim: str
    dmarc: str

    @property
    def words(self) -> str:
        return f"SPF {self.spf}, DKIM {self.dkim}, DMARC {self.dmarc}"

    @property
    def is_refused(self) -> bool:
        """Whether others may throw such a letter away."""
        return self.dmarc == _FAIL or (self.dmarc != _PASS and _FAIL in (self.spf, self.dkim))

    def mends(self) -> Iterator[str]:
        """What to do; nothing where all is well."""
        if _TEMPORARY in (self.spf, self.dkim, self.dmarc):
            yield "try again later, since the server's look-up failed"
        if self.spf not in (_PASS, _TEMPORARY):
            yield "name the server that sends in the domain's SPF record"
        if self.dkim == _NONE:
            yield "have the mail server sign with DKIM"
        elif self.dkim not in (_PASS, _TEMPORARY):
            yield "publish the DKIM key that the mail server signs with"
        if self.dmarc == _NONE:
            yield "publish a DMARC record"
        elif self.dmarc not in (_PASS, _TEMPORARY):
            yield "send or sign in the name of the domain in From (DMARC)"


def judged(results: Sequence[Result]) -> Judged:
    """A pass counts before all else, else what was said first; what is not named is `none`."""
    return Judged(*(_best(results, method) for method in ("spf", "dkim", "dmarc")))


def _best(results: Sequence[Result], method: str) -> str:
    said = [each.result for each in results if each.method == method] or [_NONE]
    return _PASS if _PASS in said else said[0]

"""What the pages may reach of the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mentoring.roster import Person
from service.consent import Desk
from service.work import Work


@dataclass(frozen=True)
class Doors:
    """`desk` and `work` give the present each time they are called; the others wake the service.

    `connected` hears of each new consent, `acted` of every button that was pressed. `files`, where
    it is given, is `work` by the roster's files alone, which is quicker.
    """

    desk: Callable[[], Desk]
    work: Callable[[], Work]
    connected: Callable[[Person], None]
    acted: Callable[[], None]
    files: Callable[[], Work] | None = None

    def quick_work(self) -> Work:
        return (self.files or self.work)()

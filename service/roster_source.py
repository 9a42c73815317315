"""The roster's files on disk: read whole, watched for edits; a bad edit keeps the last good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from mentoring.load import MOST_MENTEES, overloaded
from mentoring.roster import Roster
from mentoring.roster_files import read_roster
from mentoring.roster_rows import FILES
from mentoring.tables import LARGEST_FILE, Fault

log = structlog.get_logger()


class RosterFaults(Exception):  # noqa: N818 - several at once
    """The roster can't be used; `faults` says why, in order."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def read_files(directory: Path) -> dict[str, bytes]:
    """The roster's files that are there. Raises RosterFaults for one that can't be read."""
    files = {}
    for name in FILES:
        try:
            with (directory / name).open("rb") as file:
                files[name] = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            mend = "make it readable for the service's user"
            fault = Fault(str(directory / name), 1, f"can't be read ({error.strerror})", mend)
            raise RosterFaults((fault,)) from error
    return files


def load(directory: Path) -> Roster:
    """The roster in a directory. Raises RosterFaults with every fault, each with its path."""
    return _parse(directory, read_files(directory))


def _parse(directory: Path, files: dict[str, bytes]) -> Roster:
    roster, faults = read_roster(files)
    if roster is None:
        raise RosterFaults(tuple(replace(f, file=str(directory / f.file)) for f in faults))
    for mentor, mentees in overloaded(roster.pairs).items():
        log.warning("mentor_over_cap", mentor=mentor, mentees=mentees, most=MOST_MENTEES)
    settings = replace(roster.settings, templates=str(directory / "templates"))
    return replace(roster, settings=settings)


def _whatever(_roster: Roster) -> None:
    """Every edit is taken up that reads well."""


class RosterSource:
    """The newest good roster of a directory. `faults` are those of the files as they are now."""

    def __init__(self, directory: Path, vet: Callable[[Roster], Fault | None] = _whatever) -> None:
        """`vet` says what keeps an edit that reads well from being taken up."""
        self.directory = directory
        self.vet = vet
        files = read_files(directory)
        self.roster = _parse(directory, files)
        self._files: dict[str, bytes] | None = files
        self.faults: tuple[Fault, ...] = ()

    def refresh(self, *, anew: bool = False) -> bool:
        """Take up an edit, if there is a good one; True where the roster is another now.

        `anew` reads what is unchanged too, for what follows from the rules of clocks.
        """
        before, self._files = self._files, None  # what can't be read is looked at anew
        try:
            self._files = read_files(self.directory)
            if self._files == before and not anew:
                return False
            fresh = _parse(self.directory, self._files)
            if fault := self.vet(fresh):
                self._files = None  # what it waits for may come without an edit
                raise RosterFaults((fault,))
        except RosterFaults as error:
            if error.faults != self.faults:
                self._report(error.faults)
            return False
        self.roster, self.faults = fresh, ()
        log.info("roster_taken_up", people=len(self.roster.people), pairs=len(self.roster.pairs))
        return True

    def _report(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        log.error("roster_refused", faults=len(faults), kept="the last good roster")
        for fault in faults:
            log.error(
                "roster_fault",
                file=fault.file,
                line=fault.line,
                message=fault.message,
                mend=fault.mend,
            )

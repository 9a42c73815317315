"""`python -m tests.confined UNIT FOLDER COMMAND…`: a command under a unit's filter, where no
systemd runs: its calls, its socket families, its memory, no capability, and a read-only tree.

Only FOLDER can be written; temporary files go there. What systemd sets besides (a user of its own,
limits, hidden /proc and /dev) is left to packaging/try-boot, where a real systemd starts the units.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

_NEW_NAMESPACE, _NEW_USERS = 0x00020000, 0x10000000
_NO_NEW_PRIVILEGES, _DROP_FROM_BOUNDING = 38, 24
_READ_ONLY, _BIND, _REMOUNT, _RECURSIVE, _PRIVATE = 1, 4096, 32, 16384, 1 << 18
_KEPT_FLAGS = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "relatime": 1 << 21}
"""What a remount must repeat (mount(2))."""
_ALLOW, _FAIL_WITH = 0x7FFF0000, 0x00050000
_EQUAL, _ALL_OF = 4, 7
_WRITE, _EXECUTE = 2, 4
_FAMILIES = range(46)  # AF_MAX of Linux 5.10, below which every family has a number

Settings = dict[str, list[str]]


def settings_of(unit: Path) -> Settings:
    """The [Service] section; each setting's values in their order."""
    found: Settings = {}
    for line in unit.read_text().partition("[Service]")[2].splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def calls_of(settings: Settings) -> frozenset[str]:
    """The system calls that SystemCallFilter leaves, as systemd.exec(5) adds its lines up."""
    left = set(_expanded("@default"))
    for line in settings["SystemCallFilter"]:
        names = frozenset[str]().union(*map(_expanded, line.removeprefix("~").split()))
        left = left - names if line.startswith("~") else left | names
    return frozenset(left)


@lru_cache
def _expanded(name: str) -> frozenset[str]:
    if not name.startswith("@"):
        return frozenset([name])
    words = ["systemd-analyze", "--no-pager", "syscall-filter", name]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    members = (line.strip() for line in said.stdout.splitlines()[1:])
    return frozenset[str]().union(*(_expanded(m) for m in members if m and not m.startswith("#")))


class _Condition(ctypes.Structure):
    """struct scmp_arg_cmp (seccomp_rule_add(3))."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """A seccomp filter by libseccomp; what no rule names gets `otherwise`."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))

    def rule(self, action: int, call: str, *conditions: _Condition) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # a call of another processor
        given = (_Condition * len(conditions))(*conditions)
        self._done(
            self._library.seccomp_rule_add_array(
                self._context, ctypes.c_uint32(action), number, len(conditions), given
            )
        )

    def load(self) -> None:
        self._done(self._library.seccomp_load(self._context))

    @staticmethod
    def _done(result: int) -> None:
        if result < 0:
            raise OSError(-result, os.strerror(-result))


def hold(settings: Settings) -> None:
    """No call, no family and no memory but what the unit leaves, from here on."""
    refused = _FAIL_WITH | getattr(errno, settings["SystemCallErrorNumber"][-1])
    calls = Filter(refused)
    for call in sorted(calls_of(settings)):
        calls.rule(_ALLOW, call)
    others = Filter(_ALLOW)
    families = {getattr(socket, name) for name in settings["RestrictAddressFamilies"][-1].split()}
    for family in set(_FAMILIES) - families:
        no_family = _FAIL_WITH | errno.EAFNOSUPPORT
        others.rule(no_family, "socket", _Condition(0, _EQUAL, family, 0))
    if settings["MemoryDenyWriteExecute"] == ["yes"]:
        both = _WRITE | _EXECUTE
        others.rule(_FAIL_WITH | errno.EPERM, "mmap", _Condition(2, _ALL_OF, both, both))
        for call in ("mprotect", "pkey_mprotect"):
            code = _Condition(2, _ALL_OF, _EXECUTE, _EXECUTE)
            others.rule(_FAIL_WITH | errno.EPERM, call, code)
    others.load()
    calls.load()


def shut(folder: Path) -> None:
    """A tree of our own, read-only but for the folder, and no capability."""
    users = (os.geteuid(), os.getegid())
    alone = _NEW_NAMESPACE if users[0] == 0 else _NEW_NAMESPACE | _NEW_USERS
    _must(_libc.unshare(alone), "a tree of its own")
    if users[0] != 0:
        Path("/proc/self/setgroups").write_text("deny")
        for kind, number in zip(("uid", "gid"), users, strict=True):
            Path(f"/proc/self/{kind}_map").write_text(f"{number} {number} 1")
    _mount("none", "/", "", _RECURSIVE | _PRIVATE)
    _mount(str(folder), str(folder), "", _BIND)
    for place, options in _mounts():
        if place != str(folder):
            flags = sum(bit for name, bit in _KEPT_FLAGS.items() if name in options)
            _mount("none", place, "", _REMOUNT | _BIND | _READ_ONLY | flags)
    for capability in range(64):
        if _libc.prctl(_DROP_FROM_BOUNDING, capability, 0, 0, 0) < 0:
            break  # the kernel knows no more


def _mounts() -> list[tuple[str, list[str]]]:
    """Where something is mounted, and how (proc(5), mountinfo)."""
    fields = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [(_unescaped(each[4]), each[5].split(",")) for each in fields]


def _unescaped(place: str) -> str:
    """A space stands there as \\040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)


def _mount(source: str, place: str, kind: str, flags: int) -> None:
    names = (text.encode() for text in (source, place, kind))
    _must(_libc.mount(*names, ctypes.c_ulong(flags), None), place)


def _must(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


_libc = ctypes.CDLL(None, use_errno=True)


def main(words: Sequence[str]) -> None:
    unit, folder, *command = words
    settings = settings_of(Path(unit))
    calls_of(settings)  # asked while programs may still be started
    shut(Path(folder).resolve())
    _must(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    hold(settings)
    os.environ["TMPDIR"] = folder
    os.execvp(command[0], command)


def confined(unit: Path, folder: Path, command: Iterable[str]) -> list[str]:
    """The words that run a command so."""
    return [sys.executable, "-m", "tests.confined", str(unit), str(folder), *command]


if __name__ == "__main__":
    main(sys.argv[1:])

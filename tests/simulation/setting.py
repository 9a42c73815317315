"""Where and when the people of a world work, and how they answer."""

from __future__ import annotations

from datetime import date

FIRST = date(2027, 2, 15)
"""Two clock changes lie ahead: 14 March in New York, 28 March in London."""
ZONES = (
    "America/New_York",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Madrid",
    "America/Denver",
    "Asia/Kolkata",
)
HOURS = (
    "Mon-Fri 09:00-17:00",
    "Mon-Fri 08:00-12:00, 13:00-18:00",
    "Mon-Wed 09:00-13:00",
    "Mon-Fri 12:00-20:00",
    "Mon-Thu 22:00-06:00",
)
MOODS = (
    "accepts",
    "accepts",
    "declines",
    "late",
    "twice",
    "counters",
    "silent",
    "conflict",
    "away by mail",
    "ends",
    "by mail",
    "never calm",
)

"""What can go wrong. Every error's text is one or more whole sentences, the service's own where it said something."""

from __future__ import annotations

from typing import Sequence


class VdcuError(Exception):
    """Anything that this package raises."""


class Unreachable(VdcuError):
    """No service answered at the URL, or what answered is no Virtual DCU."""


class TimedOut(VdcuError, TimeoutError):
    """What was waited for did not happen in time; the text says what the service was doing."""


class Refused(VdcuError):
    """The service did not carry an order out.

    ``status``: of HTTP. ``why``: the reason as a word, e.g. ``no_consumer``, ``busy``; empty where the answer has none
    (a wrong token). ``problems``: sentences, each with its remedy.
    """

    def __init__(self, status: int, why: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems) or f"refused with status {status}")
        self.status = status
        self.why = why
        self.problems = list(problems)


class SeriesFailed(VdcuError):
    """The series was aborted, or the receiver failed: the data are not what was asked for."""

"""The receiver that consumes the stream (MAX IV's streaming-receiver), asked over HTTP. In: its URL. Out: state, count.

``/status`` and ``/received_frames`` are all that is asked of it; the service itself answers the same two.
"""

from __future__ import annotations

import time
from typing import Optional, Tuple

from ._http import ask_json
from .client import Vdcu
from .errors import SeriesFailed, TimedOut, Unreachable

STATES = ("idle", "running", "error")
#: Bytes of an answer of the receiver at most.
MOST_ANSWER = 1 << 20


class ReceiverFailed(SeriesFailed):
    """The receiver is in its state ``error``: a folder that is missing, a file that cannot be written."""


class Receiver:
    """``url``: e.g. ``http://beamline-eiger-daq:5000``; ``timeout``: seconds for one request."""

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout

    def status(self) -> Tuple[str, Optional[str]]:
        """State (``idle``, ``running``, ``error``) and, with ``error``, the reason."""
        answer = ask_json(self.url, "GET", "/status", has="state", timeout=self.timeout, most=MOST_ANSWER)
        state, error = answer["state"], answer.get("error")
        if state not in STATES:
            known = ", ".join(STATES)
            raise Unreachable(f"{self.url}/status: state {state!r} is none of {known}. Is this the receiver's address?")
        return state, None if error is None else str(error)

    def received_frames(self) -> int:
        """Images that it has received in this series, or in the last one."""
        answer = ask_json(self.url, "GET", "/received_frames", has="value", timeout=self.timeout, most=MOST_ANSWER)
        value = answer["value"]
        if type(value) is not int or value < 0:
            where = f"{self.url}/received_frames"
            raise Unreachable(f"{where}: value {value!r} is no count. Is this the receiver's address?")
        return value

    def wait_for(self, state: str, timeout: float, poll: float = 0.05) -> None:
        """Until it is in this state. Raises ``ReceiverFailed``, or ``TimedOut`` after ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while True:
            seen, error = self.status()
            if seen == state:
                return
            # Of an idle one that is wanted: it may be what is left of the series before, until its writer is done.
            if seen == "error" and (state != "idle" or time.monotonic() >= end):
                raise ReceiverFailed(f"the receiver at {self.url} failed: {error}")
            if time.monotonic() >= end:
                raise TimedOut(f"the receiver at {self.url} is {seen}, not {state}, after {timeout:g} s")
            time.sleep(poll)


def wait_until_free(vdcu: Vdcu, receiver: Receiver, timeout: float) -> None:
    """Before a series is opened: ``running`` of the one before would look like that of the next one.

    While somebody's series is open nothing is waited for: the service refuses the next one in its own words. Raises as
    ``wait_for`` does.
    """
    series = vdcu.status["series"]
    if series is None or series["auto"]:
        receiver.wait_for("idle", timeout)

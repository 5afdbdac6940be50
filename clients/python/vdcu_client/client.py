"""The service as an object. In: its URL. Out: its answers as they are, refusals as errors with its own sentences."""

from __future__ import annotations

import io
import pickle
import time
from typing import Any, Dict, List, Mapping, Optional, cast
from urllib.parse import urlencode

from ._http import Late, ask, ask_json
from .answers import Frame, Opened, Record, Status, Summary
from .errors import Refused, TimedOut, Unreachable, VdcuError

#: The service answers an order within its own time-outs, which are longer than those of a question.
ORDER_SECONDS = 60.0
#: Looks at a series that is open may fail for so long before that is an error, s: one of thousands says nothing.
LOST_SECONDS = 3.0
#: What has just ended is in the history that much later at most.
_TOLD_SECONDS = 0.2


class Vdcu:
    """A Virtual DCU.

    ``url``: of its HTTP interface, e.g. ``http://127.0.0.1:5000``. ``token``: where the service wants one for orders.
    ``timeout``: seconds for one question. Objects hold no connection and may be used by several threads.
    """

    def __init__(self, url: str, *, token: Optional[str] = None, timeout: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._token = token

    def arm(
        self,
        filename: str = "",
        frames: int = 0,
        *,
        first_frame_number: Optional[int] = None,
        frame_period_ms: Optional[float] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        dynamic_range: Optional[int] = None,
        read_n_rows: Optional[int] = None,
        msg_number_base: Optional[int] = None,
        force: bool = False,
    ) -> Opened:
        """Open a series; when this returns, start the detector.

        ``filename``: absolute path of the file that the receiver writes, "" = live view only. ``frames``: 0 = until
        ``stop``. ``frame_period_ms``: given = the series ends by itself after silence. ``metadata``: becomes datasets
        beside the frames. ``force``: also without a consumer. ``/docs`` of the service describes them all.

        The answer's ``warnings`` are worth a look: the file may be that of an earlier series. numpy's numbers and
        arrays may be in ``metadata``.

        Raises ``Refused``, ``Unreachable``, ``TimedOut`` (the series may still be opened); ``ValueError`` or
        ``TypeError`` for what JSON cannot say.
        """
        wish = {
            "filename": filename,
            "frames": frames,
            "first_frame_number": first_frame_number,
            "frame_period_ms": frame_period_ms,
            "metadata": None if metadata is None else dict(metadata),
            "dynamic_range": dynamic_range,
            "read_n_rows": read_n_rows,
            "msg_number_base": msg_number_base,
            "force": force,
        }
        given = {key: value for key, value in wish.items() if value is not None}
        seconds = max(self.timeout, ORDER_SECONDS)
        return cast(Opened, self._order("POST", "/api/v1/series", "series_id", seconds, "was not opened", given))

    def stop(
        self, fill: bool = False, *, series: Optional[int] = None, timeout: float = ORDER_SECONDS
    ) -> Optional[Summary]:
        """End the series that is open; its summary once everything is sent, ``None`` when none was open.

        ``fill``: all frames that were asked for go out, those that never came as missing. ``series``: this one and no
        other; ``None`` comes back, too, when another is open. ``timeout``: seconds until everything is sent, which a
        slow disk may draw out for minutes; then ``TimedOut`` is raised with what the service is doing, and it goes on
        doing it: ``wait`` for its end. Raises ``Refused``.
        """
        wish = {**({"fill": "true"} if fill else {}), **({} if series is None else {"series_id": str(series)})}
        path = "/api/v1/series" + (f"?{urlencode(wish)}" if wish else "")
        try:
            answer = self._order("DELETE", path, "summary", timeout, "has not ended")
        except Refused as error:
            if series is None or error.why != "busy":
                raise
            return None
        return cast(Optional[Summary], answer["summary"])

    def wait(self, series: Optional[int] = None, timeout: Optional[float] = None, poll: float = 0.1) -> Summary:
        """Until a series has ended; its summary.

        ``series``: the ``series_id`` that ``arm`` answered; default: the one that is open, or the last one.
        ``timeout``: seconds, default: for ever. Raises ``TimedOut`` with what the service says it is doing; the series
        goes on.
        """
        begin = time.monotonic()
        while True:
            status = self.status
            if series is None:
                series = _current(status)
            last = status["last_series"]
            if last is not None and last["series_id"] == series:
                return last
            if not _is_open(status, series):
                return self.summary(series)
            if timeout is not None and time.monotonic() >= begin + timeout:
                raise TimedOut(_late(f"series {series} has not ended", timeout, status))
            time.sleep(poll)

    @property
    def status(self) -> Status:
        """What the service is doing, asked now."""
        return cast(Status, self._get("/api/v1/series", "series"))

    def history(self) -> List[Summary]:
        """Summaries of the last series, newest first."""
        return cast(List[Summary], self._get("/api/v1/series/history", "series")["series"])

    def summary(self, series: int) -> Summary:
        """How a series of the history went, by its ``series_id``. Raises ``VdcuError`` when it is not there."""
        found = self.find(series)
        if found is None:
            raise VdcuError(
                f"series {series} is not in the history of {self.url}: it has not ended, or is too old, or of another "
                "start of the service"
            )
        return found

    def find(self, series: int) -> Optional[Summary]:
        """The same, ``None`` when it is not there."""
        # A series is over a moment before its summary is there.
        end = time.monotonic() + _TOLD_SECONDS
        while True:
            for summary in self.history():
                if summary["series_id"] == series:
                    return summary
            if time.monotonic() >= end:
                return None
            time.sleep(_TOLD_SECONDS / 4)

    def record(self, series: int) -> Record:
        """The same with the packets that each of its frames lacks. Raises ``Refused`` when it is not there."""
        return cast(Record, self._get(f"/api/v1/series/history/{series:d}", "series_id"))

    def last_frame(self) -> Optional[Frame]:
        """The image that was sent last, ``None`` before the first; smaller where somebody has set ``/downsample``."""
        answer = ask(self.url, "GET", "/last_frame", timeout=self.timeout)
        try:
            header, content = _Plain(io.BytesIO(answer)).load()
            if not header:
                return None
            try:
                import numpy
            except ImportError:
                return Frame(header, content)
            return Frame(header, numpy.frombuffer(content, header["type"]).reshape(header["shape"]))
        except VdcuError:
            raise
        except Exception as error:  # A damaged pickle raises anything (documentation of pickle.UnpicklingError).
            raise Unreachable(
                f"{self.url}/last_frame: the answer is no image: {answer[:80]!r}. Is this the service's address?"
            ) from error

    def config(self) -> Dict[str, Any]:
        """The service's configuration, defaults filled in."""
        return cast(Dict[str, Any], self._get("/api/v1/config"))

    def _get(self, path: str, has: str = "") -> Any:
        return ask_json(self.url, "GET", path, has=has, timeout=self.timeout)

    def _order(
        self, method: str, path: str, has: str, seconds: float, late: str, body: Optional[Dict[str, Any]] = None
    ) -> Any:
        """``late``: what the series then is not, for the text of ``TimedOut``."""
        try:
            return ask_json(self.url, method, path, has=has, body=body, token=self._token, timeout=seconds)
        except Late as error:
            # A service that does not answer this either is not reached.
            raise TimedOut(_late(f"the series {late}", seconds, self.status)) from error


class _Plain(pickle.Unpickler):
    """``/last_frame`` is a pickle of dict and bytes; anything that wants a class or function is no answer of ours."""

    def find_class(self, module: str, name: str) -> Any:
        raise VdcuError(f"/last_frame holds {module}.{name}, which no image has: it is not opened")


def _late(what: str, seconds: float, status: Status) -> str:
    return "\n".join([f"{what} within {seconds:g} s: {status['message']}", *status["problems"]])


def _current(status: Status) -> int:
    current = status["series"] or status["last_series"]
    if current is None:
        raise VdcuError("no series is open, and none has ended: nothing to wait for")
    return current["series_id"]


def _is_open(status: Status, series: int) -> bool:
    return status["series"] is not None and status["series"]["series_id"] == series

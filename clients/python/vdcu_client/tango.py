"""A Tango device with the names that MAX IV's scans know: Arm, Live, Stop, DestinationFilename, nTriggers, …

In: properties (where service and receiver are), attributes, commands. Out: series on the service; State and Status. The
detector itself is somebody else's: a subclass that can start it overrides ``start_detector`` and ``stop_detector``.

State machine: UNKNOWN, the service has not answered since the device was started. ON, nothing goes on. RUNNING from Arm
on, and after the series until the receiver is done with it. FAULT with the reason: the series was aborted, the receiver
failed, or no further frame came in time; Stop and the next Arm leave it.

Names: MAX IV's andor-streamer. Needs PyTango.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any, Callable, List, NamedTuple, Optional

from tango import AttrWriteType, DevState, EnsureOmniThread, Except
from tango.server import Device, attribute, command, device_property, run

from .answers import Series, Summary
from .client import LOST_SECONDS, Vdcu
from .errors import Refused, TimedOut, VdcuError
from .receiver import Receiver, wait_until_free

#: Pause between two looks at service and receiver, s.
LOOK_SECONDS = 0.1
#: Longest wait for the end of a series, s: Tango's clients wait 3 s for a command. The looks tell when it is over.
STOP_SECONDS = 2.0
#: Longest wait for an answer where somebody waits for the device, s.
QUESTION_SECONDS = 2.0

TRIGGER_MODES = ("INTERNAL", "EXTERNAL_MULTI", "SOFTWARE")


class _Look(NamedTuple):
    """What service and receiver said of a series.

    ``current``: while it is open. ``summary``: once it is over and known.
    """

    current: Optional[Series]
    problems: List[str]
    summary: Optional[Summary]
    receiver: str
    error: Optional[str]
    received: int


class VirtualDcu(Device):
    """One Virtual DCU and the receiver behind it."""

    vdcu_url = device_property(dtype=str, mandatory=True, doc="URL of the Virtual DCU's HTTP interface")
    receiver_url = device_property(dtype=str, default_value="", doc="URL of streaming-receiver; empty = none is asked")
    token = device_property(dtype=str, default_value="", doc="Token of the service for orders; empty = none")
    receiver_timeout = device_property(dtype=float, default_value=5.0, doc="Longest wait for the receiver at Arm, s")
    trigger_timeout = device_property(
        dtype=float,
        default_value=10.0,
        doc="FAULT when no further frame came for so long, s, TriggerMode INTERNAL; 0 = never",
    )
    external_trigger_timeout = device_property(
        dtype=float, default_value=3600.0, doc="The same for EXTERNAL_MULTI and SOFTWARE, where people may let it wait"
    )

    def init_device(self) -> None:
        super().init_device()
        self._filename = ""
        self._triggers = 1
        self._exposure = 0.0
        self._rate = 0.0
        self._mode = "INTERNAL"
        self._save_raw = True
        self._lock = threading.RLock()
        #: How many orders there were.
        self._orders = 0
        self._series: Optional[int] = None
        self._wanted = 0
        #: Longest wait for a further frame, as the series was armed, s; 0 = for ever.
        self._patience = 0.0
        self._fault: Optional[str] = None
        self._sent = 0
        self._received = 0
        #: What the service said at Arm.
        self._warnings: List[str] = []
        #: How far the detector had come when something new was last seen, and when.
        self._come: tuple[int, Optional[int]] = (0, None)
        self._seen = 0.0
        self._vdcu = Vdcu(self.vdcu_url, token=self.token or None)
        self._receiver = Receiver(self.receiver_url) if self.receiver_url else None
        #: Is it known what went on when the device was started?
        self._begun = False
        try:
            self._begin(self._open_already())
        except Exception as error:
            self._tell(DevState.UNKNOWN, _sentence(error))
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._look_on, args=(self._closed,), daemon=True)
        self._watch.start()

    def delete_device(self) -> None:
        self._closed.set()
        self._watch.join(timeout=10.0)
        super().delete_device()

    # --- for subclasses that know how

    def start_detector(self) -> None:
        """Called when the series is open. Nothing here: the detector is started by somebody else."""

    def stop_detector(self) -> None:
        """Called before the series is ended by Stop."""

    # --- attributes

    @attribute(dtype=str, access=AttrWriteType.READ_WRITE, doc="File that the receiver writes; empty = live only")
    def DestinationFilename(self) -> str:
        return self._filename

    @DestinationFilename.write
    def DestinationFilename(self, value: str) -> None:
        self._filename = value

    @attribute(dtype=int, access=AttrWriteType.READ_WRITE, min_value=0, doc="Frames of the next series; 0 = until Stop")
    def nTriggers(self) -> int:
        return self._triggers

    @nTriggers.write
    def nTriggers(self, value: int) -> None:
        self._triggers = value

    @attribute(
        dtype=float,
        unit="s",
        access=AttrWriteType.READ_WRITE,
        min_value=0.0,
        doc="Told to the receiver as exptime; 0 = not told",
    )
    def ExposureTime(self) -> float:
        return self._exposure

    @ExposureTime.write
    def ExposureTime(self, value: float) -> None:
        self._exposure = value

    @attribute(
        dtype=float,
        unit="Hz",
        access=AttrWriteType.READ_WRITE,
        min_value=0.0,
        doc="Told to the service, with INTERNAL; 0 = unknown",
    )
    def FrameRate(self) -> float:
        return self._rate

    @FrameRate.write
    def FrameRate(self, value: float) -> None:
        self._rate = value

    @attribute(dtype=str, access=AttrWriteType.READ_WRITE, doc=f"One of {', '.join(TRIGGER_MODES)}")
    def TriggerMode(self) -> str:
        return self._mode

    @TriggerMode.write
    def TriggerMode(self, value: str) -> None:
        if value not in TRIGGER_MODES:
            Except.throw_exception("VDCU_Value", f"{value!r} is none of {', '.join(TRIGGER_MODES)}", "TriggerMode")
        self._mode = value

    @attribute(dtype=bool, access=AttrWriteType.READ_WRITE, doc="The receiver writes the images as they are")
    def SaveRaw(self) -> bool:
        return self._save_raw

    @SaveRaw.write
    def SaveRaw(self, value: bool) -> None:
        self._save_raw = value

    @attribute(dtype=int, doc="Images that the service has sent in this series, or in the last one")
    def nFramesAcquired(self) -> int:
        return self._sent

    @attribute(dtype=int, doc="Images that the receiver has received in this series, or in the last one")
    def nFramesReceived(self) -> int:
        return self._received

    @attribute(dtype=bool, doc="Left and right are exchanged, before Rotation; as the service has it configured")
    def Fliplr(self) -> bool:
        return self._orientation()[0]

    @attribute(dtype=bool, doc="Always false: what the service is configured to do is said by Fliplr and Rotation")
    def Flipud(self) -> bool:
        return False

    @attribute(dtype=int, doc="Quarter turns anticlockwise, as by numpy.rot90; as the service has it configured")
    def Rotation(self) -> int:
        return self._orientation()[1]

    # --- commands

    @command
    def Arm(self) -> None:
        """Open a series of nTriggers frames into DestinationFilename; returns when the detector may be started."""
        self._open(self._filename, self._triggers)

    @command
    def Live(self) -> None:
        """Open a series without end and without file."""
        self._open("", 0)

    @command
    def Stop(self) -> None:
        """End the series that this device opened, and leave FAULT; RUNNING until everything is sent and received."""
        try:
            with self._lock:
                self._orders += 1
                self.stop_detector()
                if self._series is not None:
                    self._end(self._series)
                self._fault = None
                if self._series is None and self._begun:
                    self._tell(DevState.ON, "Ready")
                elif self._series is not None:
                    # No further frame is waited for.
                    self._patience = 0.0
                    self._tell(DevState.RUNNING, f"Series {self._series} ends")
        except VdcuError as error:
            self._refuse(error)

    # --- what goes on

    def _open_already(self) -> Optional[tuple[int, int]]:
        """The series that was armed and is open, or that the receiver still writes, and its frames."""
        status = Vdcu(self.vdcu_url, timeout=QUESTION_SECONDS).status
        current, last = status["series"], status["last_series"]
        if current is not None:
            return None if current["auto"] else (current["series_id"], current["frames"])
        if last is None or last["auto"] or not self.receiver_url:
            return None
        state, _ = Receiver(self.receiver_url, timeout=QUESTION_SECONDS).status()
        return (last["series_id"], last["frames"]) if state == "running" else None

    def _begin(self, already: Optional[tuple[int, int]]) -> None:
        """A device that is started anew, or by Init, has the series that it finds. How that was armed is not known."""
        self._begun = True
        if already is None:
            return self._tell(DevState.ON, "Ready")
        self._series, self._wanted = already
        self._patience, self._seen = self.external_trigger_timeout, time.monotonic()
        self._tell(DevState.RUNNING, f"Series {self._series} was there before this device was started")

    def _open(self, filename: str, frames: int) -> None:
        try:
            with self._lock:
                if self._series is not None and self._fault is None:
                    raise VdcuError(f"series {self._series} goes on: Stop first, or wait until the state is ON")
                self._orders += 1
                if self._series is not None:
                    self.stop_detector()
                    self._end(self._series)
                if self._receiver is not None:
                    wait_until_free(self._vdcu, self._receiver, self.receiver_timeout)
                internal = self._mode == "INTERNAL"
                opened = self._vdcu.arm(
                    filename,
                    frames,
                    frame_period_ms=1000.0 / self._rate if internal and self._rate > 0 else None,
                    metadata=self._metadata(frames),
                )
                self._series, self._wanted, self._fault = opened["series_id"], frames, None
                self._begun = True
                self._patience = self.trigger_timeout if internal else self.external_trigger_timeout
                self._sent = self._received = 0
                self._come, self._seen = (0, None), time.monotonic()
                self._warnings = opened["warnings"]
                for warning in self._warnings:
                    self.warn_stream("%s", warning)
                self._go_on(f"Series {self._series} is open, waiting for frames", [])
                try:
                    if self._receiver is not None:
                        self._receiver.wait_for("running", self.receiver_timeout)
                    self.start_detector()
                except Exception as error:
                    self._fail(str(error))
                    self._end(self._series)
                    raise
        except VdcuError as error:
            self._refuse(error)

    def _end(self, series: int) -> None:
        """This one and no other: somebody may have opened the next. Returns soon, the end goes on."""
        try:
            self._vdcu.stop(series=series, timeout=STOP_SECONDS)
        except TimedOut as error:
            self.warn_stream("%s", error)

    def _metadata(self, frames: int) -> dict[str, Any]:
        told: dict[str, Any] = {"save_raw": self._save_raw, "trigger_mode": self._mode}
        if self._exposure > 0:
            told["exptime"] = self._exposure
        if frames > 0:
            told["nimages"] = frames
        return told

    def _look_on(self, closed: threading.Event) -> None:
        failing: Optional[float] = None
        with EnsureOmniThread():
            while not closed.wait(LOOK_SECONDS):
                with self._lock:
                    series, orders, begun = self._series, self._orders, self._begun
                if series is None and begun:
                    continue
                try:
                    # Asked outside of the lock: who gives an order waits for nobody's answer but his own.
                    if series is None:
                        then = partial(self._begin, self._open_already())
                    else:
                        then = partial(self._judge, series, self._look(series))
                    self._unless_ordered(orders, closed, then)
                    failing = None
                except Exception as error:
                    failing = failing or time.monotonic()
                    if series is None:
                        then = partial(self._tell, DevState.UNKNOWN, _sentence(error))
                    elif time.monotonic() - failing < LOST_SECONDS:
                        # The series goes on, and the next look may go well.
                        then = partial(self._tell, DevState.RUNNING, _sentence(error))
                    else:
                        then = partial(self._fail, _sentence(error))
                    self._unless_ordered(orders, closed, then)

    def _unless_ordered(self, orders: int, closed: threading.Event, then: Callable[[], None]) -> None:
        """What was seen before an order is no news after it."""
        with self._lock:
            if orders == self._orders and not closed.is_set():
                then()

    def _look(self, series: int) -> _Look:
        status = self._vdcu.status
        current, last = status["series"], status["last_series"]
        is_open = current is not None and current["series_id"] == series
        summary = None
        if not is_open:
            summary = last if last is not None and last["series_id"] == series else self._vdcu.find(series)
        (receiver, error), received = ("idle", None), 0
        if self._receiver is not None:
            (receiver, error), received = self._receiver.status(), self._receiver.received_frames()
        return _Look(current if is_open else None, status["problems"], summary, receiver, error, received)

    def _judge(self, series: int, look: _Look) -> None:
        """What a look at a series that is not over comes to."""
        self._received = look.received
        if look.receiver == "error":
            return self._fail(f"The receiver failed: {look.error}")
        if look.current is not None:
            return self._running(look.current, look.problems)
        # It has ended: what became of it, and is the receiver done with it?
        if look.summary is None:
            self._series = None
            return self._fail(f"Series {series} is gone: the service was started anew, or many series ended since")
        summary = look.summary
        self._sent = summary["frames"]
        if "aborted" in summary:
            self._fail(f"Series {series} was aborted: {summary['aborted']}. {' '.join(summary['warnings'])}".strip())
            self._series = None
        elif look.receiver != "idle":
            self._tell(DevState.RUNNING, "Waiting for streaming-receiver to finish")
        else:
            self._series = None
            lost = summary["marked"] + summary["discarded"]
            self._tell(DevState.ON, "Ready" if lost == 0 else f"Ready; {lost} frames of series {series} lack packets")

    def _running(self, series: Series, problems: List[str]) -> None:
        now, sent = time.monotonic(), series["images_sent"]
        self._sent = sent
        # A frame that waits for a slow consumer has come all the same.
        come = (sent, series["highest_frame_number"])
        if come != self._come:
            self._come, self._seen = come, now
        waits = self._patience > 0 and (self._wanted == 0 or sent < self._wanted)
        if waits and now - self._seen > self._patience:
            come_so_far = f"{sent} of {self._wanted or 'any'} have come"
            self._fail("\n".join([f"No frame for {self._patience:g} s: {come_so_far}", *problems]))
        else:
            self._go_on(f"{sent} of {self._wanted or 'any'} frames", problems)

    def _go_on(self, text: str, problems: List[str]) -> None:
        self._tell(DevState.RUNNING, "\n".join([text, *problems, *self._warnings]))

    def _orientation(self) -> tuple[bool, int]:
        try:
            config = Vdcu(self.vdcu_url, timeout=QUESTION_SECONDS).config()
            return flip_and_rotation(config["turn"], config["mirror"])
        except Exception as error:
            Except.throw_exception("VDCU_failed", _sentence(error), self.get_name())
            raise

    def _fail(self, reason: str) -> None:
        self._tell(DevState.FAULT, reason)
        self._fault = self._fault or reason

    def _tell(self, state: DevState, text: str) -> None:
        """A FAULT stays, with its reason, until Stop or Arm take ``_fault`` back: whatever goes on meanwhile."""
        if self._fault is None:
            self.set_state(state)
            self.set_status(text)

    def _refuse(self, error: VdcuError) -> None:
        """To the caller, with the service's sentences. Raises ``DevFailed``."""
        why = error.why if isinstance(error, Refused) and error.why else "failed"
        Except.throw_exception(f"VDCU_{why}", str(error), self.get_name())


def flip_and_rotation(turn: int, mirror: bool) -> tuple[bool, int]:
    """The service turns (degrees, anticlockwise) and then mirrors.

    andor-streamer flips and then turns (``numpy.rot90``).
    """
    return mirror, (-turn if mirror else turn) // 90 % 4


def _sentence(error: Exception) -> str:
    if isinstance(error, VdcuError):
        return str(error)
    return f"What service and receiver answered could not be read: {type(error).__name__}: {error}"


def main() -> None:
    """``python -m vdcu_client.tango INSTANCE``."""
    run((VirtualDcu,))


if __name__ == "__main__":
    main()

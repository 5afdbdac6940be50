"""An ophyd-async detector behind a Virtual DCU, for bluesky's RunEngine: step scans and fly scans into one file.

In: URLs of service and receiver, where files go, and a ``Control`` that starts and stops the detector itself. Out:
documents whose StreamResource is the receiver's file, and whose StreamDatum go up to the frames that the receiver has
taken.

One series lasts from ``prepare`` (or the first ``trigger``) to ``unstage``, however many acquisitions come between: the
detector's frame numbers have to go on from one to the next, which they do unless somebody resets them. A frame that
does not come ends the wait for it with an error, after ``exposure_timeout`` of the TriggerInfo; a series that is
aborted, or a receiver that fails, ends it at once.

Needs ophyd-async 0.21.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, AsyncIterator, Callable, Optional, Protocol, Sequence, Union
from urllib.parse import quote

import numpy as np
from ophyd_async.core import (
    DetectorAcquireLogic,
    DetectorDataLogic,
    DetectorTrigger,
    DetectorTriggerLogic,
    PathProvider,
    StandardDetector,
    StreamableDataProvider,
    StreamResourceDataProvider,
    StreamResourceInfo,
    WatchableAsyncStatus,
    WatcherUpdate,
    soft_signal_r_and_setter,
)

from .client import LOST_SECONDS, ORDER_SECONDS, Vdcu
from .errors import SeriesFailed, TimedOut, VdcuError
from .receiver import Receiver, ReceiverFailed, wait_until_free

logger = logging.getLogger(__name__)

#: Pause between two looks at service and receiver, s.
LOOK_SECONDS = 0.05


class Control(Protocol):
    """The detector's own control, e.g. around PSI's ``slsdet``: what the service does not do."""

    async def prepare(self, trigger: DetectorTrigger, frames: int, livetime: float, deadtime: float) -> None:
        """So many frames at each start, of ``livetime`` s with ``deadtime`` s between; 0 = as it is set."""

    async def start(self) -> None:
        """Begin, or wait for external triggers; returns at once."""

    async def wait(self) -> None:
        """Until the acquisition is over."""

    async def stop(self) -> None:
        """End the acquisition; nothing when none goes on."""


class _Trigger(DetectorTriggerLogic):
    def __init__(self, control: Control, deadtime: float) -> None:
        self._control = control
        self._deadtime = deadtime

    def get_deadtime(self, config_values: Any) -> float:
        return self._deadtime

    async def prepare_internal(self, num: int, livetime: float, deadtime: float) -> None:
        await self._control.prepare(DetectorTrigger.INTERNAL, num, livetime, deadtime)

    async def prepare_edge(self, num: int, livetime: float) -> None:
        await self._control.prepare(DetectorTrigger.EXTERNAL_EDGE, num, livetime, 0.0)


class _Acquire(DetectorAcquireLogic):
    def __init__(self, control: Control) -> None:
        self._control = control

    async def start_acquiring(self) -> None:
        await self._control.start()

    async def wait_for_idle(self) -> None:
        await self._control.wait()

    async def ensure_stopped(self) -> None:
        await self._control.stop()


class _Data(DetectorDataLogic):
    """The series: open from ``prepare_unbounded`` to ``stop``.

    ``failure``: why no frames are seen, as far as is known now.
    """

    def __init__(
        self,
        vdcu: Vdcu,
        receiver: Optional[Receiver],
        paths: PathProvider,
        dataset: str,
        timeout: float,
        stop_timeout: float,
    ) -> None:
        self._vdcu = vdcu
        self._receiver = receiver
        self._paths = paths
        self._dataset = dataset
        self._timeout = timeout
        self._stop_timeout = stop_timeout
        self._series: Optional[int] = None
        self._looking: Optional[asyncio.Task[None]] = None
        self.failure: Optional[VdcuError] = None
        #: What waits for frames is told at once.
        self.tell: Callable[[VdcuError], None] = lambda _: None

    async def prepare_unbounded(self, datakey_name: str) -> StreamableDataProvider:
        path = self._paths(datakey_name)
        config = await asyncio.to_thread(self._vdcu.config)
        if config["incomplete_frames"] == "discard":
            raise VdcuError(
                "incomplete_frames is discard: frames would lack in the file, and each one after them would be taken "
                "for another. Set incomplete_frames: mark"
            )
        filename = f"{path.directory_path / path.filename}.h5"
        if self._receiver is not None:
            await asyncio.to_thread(wait_until_free, self._vdcu, self._receiver, self._timeout)
        opened = await asyncio.to_thread(self._vdcu.arm, filename)
        self._series = opened["series_id"]
        self.failure = None
        for warning in opened["warnings"]:
            logger.warning("%s: %s", datakey_name, warning)
        try:
            if self._receiver is not None:
                await asyncio.to_thread(self._receiver.wait_for, "running", self._timeout)
        except VdcuError:
            await self.stop()
            raise
        written, set_written = soft_signal_r_and_setter(int, 0, name=f"{datakey_name}-frames_taken")
        self._looking = asyncio.create_task(self._look_on(self._series, set_written))
        rows, columns = opened["shape"]
        resource = StreamResourceInfo(
            data_key=datakey_name,
            shape=(rows, columns),
            chunk_shape=(1, rows, columns),
            dtype_numpy=np.dtype(opened["type"]).str,
            parameters={"dataset": self._dataset},
        )
        return StreamResourceDataProvider(
            uri=f"{path.directory_uri}{quote(path.filename)}.h5",
            resources=[resource],
            mimetype="application/x-hdf5",
            collections_written_signal=written,
        )

    async def stop(self) -> None:
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        self.failure = None
        if self._series is None:
            return
        # Somebody may have ended it, and opened the next, which is not ours to end.
        await asyncio.to_thread(self._vdcu.stop, series=self._series, timeout=self._stop_timeout)
        # Not before: nothing else ends it, and the next stage or unstage tries again.
        self._series = None
        if self._receiver is not None:
            await asyncio.to_thread(wait_until_free, self._vdcu, self._receiver, self._timeout)

    def get_hinted_fields(self, datakey_name: str) -> Sequence[str]:
        return [datakey_name]

    async def doing(self) -> str:
        """What the service says it is doing, for an error's text."""
        try:
            status = await asyncio.to_thread(lambda: self._vdcu.status)
            return " ".join([status["message"], *status["problems"]])
        except VdcuError as error:
            return str(error)

    async def _look_on(self, series: int, set_written: Any) -> None:
        """Tell frames as they are taken: a value that stays the same is no news, so that time-outs work."""
        told = 0
        failing: Optional[float] = None
        while True:
            try:
                taken = await asyncio.to_thread(self._taken, series)
                self.failure = failing = None
                if taken != told:
                    told = taken
                    set_written(told)
            except SeriesFailed as error:
                return self._fail(error)
            except Exception as error:
                failing = failing or time.monotonic()
                # The series goes on, and the next look may go well.
                if time.monotonic() - failing >= LOST_SECONDS:
                    self._fail(error if isinstance(error, VdcuError) else _unread(error))
            await asyncio.sleep(LOOK_SECONDS)

    def _fail(self, error: VdcuError) -> None:
        if self.failure is None:
            logger.error("%s", error)
        self.failure = error
        self.tell(error)

    def _taken(self, series: int) -> int:
        status = self._vdcu.status
        current = status["series"]
        if current is None or current["series_id"] != series:
            summary = self._vdcu.summary(series)
            why = summary.get('aborted', 'somebody ended it')
            raise SeriesFailed(
                f"series {series} has ended while frames were waited for ({why}), "
                f"with {summary['frames']} frames. {' '.join(summary['warnings'])}".strip()
            )
        if self._receiver is None:
            return current["images_sent"]
        state, error = self._receiver.status()
        if state == "error":
            raise ReceiverFailed(f"the receiver at {self._receiver.url} failed: {error}")
        return self._receiver.received_frames()


class VdcuDetector(StandardDetector):
    """A detector behind a Virtual DCU.

    ``vdcu``, ``receiver``: URLs; without a receiver frames count as taken when they were sent. ``control``: starts and
    stops the detector. ``path_provider``: where the receiver writes, as it sees the folder. ``dataset``: path of the
    frames in its file. ``deadtime``: of the detector with external triggers, s. ``receiver_timeout``: longest wait for
    the receiver to begin, and to finish the file, s. ``stop_timeout``: longest wait for frames that are still to be
    sent when the series is ended, s; then ``unstage`` fails with what the service is doing, which goes on.
    """

    def __init__(
        self,
        vdcu: str,
        control: Control,
        path_provider: PathProvider,
        *,
        receiver: Optional[str] = None,
        dataset: str = "/entry/instrument/eiger/data",
        deadtime: float = 0.0,
        token: Optional[str] = None,
        receiver_timeout: float = 10.0,
        stop_timeout: float = ORDER_SECONDS,
        name: str = "",
    ) -> None:
        self._data = _Data(
            Vdcu(vdcu, token=token),
            None if receiver is None else Receiver(receiver),
            path_provider,
            dataset,
            receiver_timeout,
            stop_timeout,
        )
        self.add_detector_logics(_Trigger(control, deadtime), _Acquire(control), self._data)
        super().__init__(name=name)

    @WatchableAsyncStatus.wrap
    async def trigger(self) -> AsyncIterator[WatcherUpdate[int]]:
        """One event: the detector is started, its frames are waited for."""
        async for update in self._unless_failed(super().trigger()):
            yield update

    @WatchableAsyncStatus.wrap
    async def complete(self) -> AsyncIterator[WatcherUpdate[int]]:
        """Until all frames of a fly scan were taken."""
        async for update in self._unless_failed(super().complete()):
            yield update

    async def _unless_failed(self, status: Any) -> AsyncIterator[WatcherUpdate[int]]:
        """What the status tells, until it is done, or the series cannot come to a good end any more."""
        updates: asyncio.Queue[Union[WatcherUpdate[int], VdcuError, None]] = asyncio.Queue()
        status.watch(lambda **update: updates.put_nowait(WatcherUpdate(**update)))
        status.add_callback(lambda _: updates.put_nowait(None))
        self._data.tell = updates.put_nowait
        if self._data.failure is not None:
            updates.put_nowait(self._data.failure)
        try:
            while (update := await updates.get()) is not None:
                if isinstance(update, VdcuError):
                    raise update
                yield update
            await status
        except TimedOut:
            # Service or receiver was waited for, and no frame.
            raise
        except TimeoutError as error:
            raise TimeoutError(f"{self.name}: a frame did not come in time. {await self._data.doing()}") from error
        finally:
            self._data.tell = lambda _: None
            status.task.cancel()


def _unread(error: Exception) -> VdcuError:
    return VdcuError(f"what service and receiver answered could not be read: {type(error).__name__}: {error}")

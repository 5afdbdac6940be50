"""The ophyd-async detector in bluesky's RunEngine, against a real service and a receiver that writes files."""

import asyncio
import logging
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple
from unittest import mock
from urllib.parse import urlsplit

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import h5py
from bluesky.plans import count
from bluesky.run_engine import RunEngine
from bluesky.utils import FailedStatus
from file_receiver import GROUP, FileReceiver
from ophyd_async.core import DetectorTrigger, StaticFilenameProvider, StaticPathProvider, TriggerInfo, init_devices
from station import DATA, URL, Stand, StationTest, play, until

from vdcu_client import Unreachable, Vdcu
from vdcu_client.ophyd import VdcuDetector


class SimulatedControl:
    """The simulated detector: its frame numbers go on from start to start. ``lost``: so many starts send nothing."""

    def __init__(self) -> None:
        self.next, self.frames, self.lost, self.calls = 1, 1, 0, []  # type: ignore[var-annotated]
        self._run: Optional[asyncio.Task] = None

    async def prepare(self, trigger: DetectorTrigger, frames: int, livetime: float, deadtime: float) -> None:
        self.calls.append((trigger.value, frames, livetime))
        self.frames = frames

    async def start(self) -> None:
        if self.lost > 0:
            self.lost -= 1
            return
        wish = {"frames": self.frames, "rate": 100, "firstFrame": self.next, "loss": "*:2:5"}
        self.next += self.frames
        self._run = asyncio.create_task(asyncio.to_thread(play, "simulate", **wish))

    async def wait(self) -> None:
        if self._run is not None:
            await self._run

    async def stop(self) -> None:
        await self.wait()


class Scans(StationTest):
    receiver: FileReceiver

    @classmethod
    def setUpClass(cls) -> None:
        cls.receiver = FileReceiver(DATA)
        cls.enterClassContext(cls.receiver)
        cls.engine = RunEngine()

    def setUp(self) -> None:
        super().setUp()
        until(lambda: self.vdcu.status["consumers"] == 1, "the receiver at the service")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.documents: List[Tuple[str, Dict[str, Any]]] = []
        self.control = SimulatedControl()
        self.detector = self.made(Path(folder.name))

    def made(self, folder: Path, receiver: Optional[str] = None) -> VdcuDetector:
        paths = StaticPathProvider(StaticFilenameProvider("scan"), folder)
        with init_devices():
            det = VdcuDetector(URL, self.control, paths, receiver=receiver or self.receiver.url, receiver_timeout=3.0)
        return det

    def run_plan(self, plan: Any) -> None:
        self.engine(plan, lambda name, document: self.documents.append((name, document)))

    def of(self, name: str) -> List[Dict[str, Any]]:
        return [document for kind, document in self.documents if kind == name]

    def frames_of_documents(self) -> List[int]:
        """The frames that the documents speak of, read from the file that they name, as frame indices."""
        (resource,) = self.of("stream_resource")
        descriptor = self.of("descriptor")[0]["data_keys"]["det"]
        self.assertEqual((resource["mimetype"], resource["data_key"]), ("application/x-hdf5", "det"))
        told = (descriptor["shape"], descriptor["dtype_numpy"], descriptor["external"])
        self.assertEqual(told, ([1, 514, 514], "<u2", "STREAM:"))
        reaches = [(datum["indices"]["start"], datum["indices"]["stop"]) for datum in self.of("stream_datum")]
        self.assertEqual([start for start, _ in reaches], [0] + [stop for _, stop in reaches[:-1]], "without a gap")
        with h5py.File(urlsplit(resource["uri"]).path) as file:
            data = file[resource["parameters"]["dataset"]]
            kind = (data.shape[1:], data.dtype.str, data.chunks)
            self.assertEqual(kind, ((514, 514), "<u2", resource["parameters"]["chunk_shape"]))
            self.assertEqual(data.shape[0], reaches[-1][1], "the documents speak of the whole file")
            return file[f"{GROUP}/sequence_number"][()].tolist()

    def test_count_makes_one_file_with_a_frame_for_each_event(self) -> None:
        self.run_plan(count([self.detector], num=3))
        self.assertEqual(self.of("stop")[0]["exit_status"], "success")
        self.assertEqual(len(self.of("event")), 3)
        self.assertEqual(self.frames_of_documents(), [0, 1, 2])
        self.assertEqual(self.control.calls, [("INTERNAL", 1, 0.0)])
        self.assertEqual(self.vdcu.history()[0]["marked"], 1, "a frame that lacks packets is in its place")

    def fly(self, **info: Any) -> Any:
        @bpp.stage_decorator([self.detector])
        @bpp.run_decorator()
        def plan() -> Any:
            yield from bps.prepare(self.detector, TriggerInfo(**info), wait=True)
            yield from bps.declare_stream(self.detector, name="main")
            yield from bps.kickoff(self.detector, wait=True)
            yield from bps.complete(self.detector, wait=False, group="done")
            done = False
            while not done:
                done = yield from bps.wait(group="done", timeout=0.1, error_on_timeout=False)
                yield from bps.collect(self.detector, return_payload=False, name="main")

        return plan()

    def test_fly_scans_by_own_and_by_external_triggers(self) -> None:
        for trigger in (DetectorTrigger.INTERNAL, DetectorTrigger.EXTERNAL_EDGE):
            with self.subTest(trigger), tempfile.TemporaryDirectory() as folder:
                self.documents, self.control.next, self.detector = [], 1, self.made(Path(folder))
                self.run_plan(self.fly(trigger=trigger, livetime=0.005, number_of_events=12))
                self.assertEqual(self.of("stop")[0]["exit_status"], "success")
                self.assertEqual(self.frames_of_documents(), list(range(12)))
                self.assertEqual(self.control.calls[-1], (trigger.value, 12, 0.005))

    def test_a_lost_trigger_ends_in_an_error_within_its_time(self) -> None:
        self.control.lost = 1
        begin = time.monotonic()
        with self.assertRaises(FailedStatus) as seen:
            self.run_plan(self.fly(number_of_events=2, exposure_timeout=0.5))
        self.assertLess(time.monotonic() - begin, 15)
        self.assertIn("det: a frame did not come in time", repr(seen.exception.__cause__))
        self.assertIn("is open: 0 images sent", repr(seen.exception.__cause__), "what the service was doing")
        self.assertIsNone(self.vdcu.status["series"], "the series is not left open")
        self.assertEqual(self.of("stop")[0]["exit_status"], "fail")

    def test_a_series_that_ends_and_a_receiver_that_fails_are_errors_at_once(self) -> None:
        self.control.lost = 1

        def ends() -> Any:
            yield from bps.stage(self.detector)
            yield from bps.prepare(self.detector, TriggerInfo(exposure_timeout=3600), wait=True)
            yield from bps.trigger(self.detector, group="taken")
            yield from bps.sleep(0.1)
            self.vdcu.stop()
            yield from bps.wait("taken")

        with self.assertRaises(FailedStatus) as seen:
            self.run_plan(bpp.finalize_wrapper(ends(), bps.unstage(self.detector)))
        self.assertIn("somebody ended it", repr(seen.exception.__cause__))
        with self.assertRaises(FailedStatus) as seen:
            self.detector = self.made(Path("/no/such/folder"))
            self.run_plan(count([self.detector]))
        self.assertIn("no such folder", repr(seen.exception.__cause__))
        self.assertIsNone(self.vdcu.status["series"], "the series is not left open")

    def test_a_receiver_that_does_not_begin_is_told_as_that(self) -> None:
        self.receiver.held.set()
        self.receiver.late.set()
        self.addCleanup(self.receiver.held.clear)
        self.addCleanup(self.receiver.late.clear)
        with self.assertRaises(FailedStatus) as seen:
            self.run_plan(count([self.detector]))
        self.assertIn("is idle, not running", repr(seen.exception.__cause__))
        self.assertNotIn("a frame did not come", repr(seen.exception.__cause__), "no frame was waited for")
        self.receiver.late.clear()
        until(lambda: self.detector._data._receiver.status()[0] == "running", "the beginning")
        self.receiver.held.clear()
        until(lambda: self.detector._data._receiver.status()[0] == "idle", "the end")

    def test_a_series_whose_end_was_not_heard_is_ended_by_the_next_stage(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.detector = self.made(Path(folder.name))
        with mock.patch.object(Vdcu, "stop", side_effect=Unreachable("the network is gone")):
            with self.assertRaises(FailedStatus) as seen:
                self.run_plan(count([self.detector]))
        self.assertIn("the network is gone", repr(seen.exception.__cause__))
        self.assertIsNotNone(self.vdcu.status["series"])
        (Path(folder.name) / "scan.h5").unlink()
        self.documents.clear()
        self.run_plan(count([self.detector]))
        self.assertEqual(self.of("stop")[0]["exit_status"], "success")
        self.assertIsNone(self.vdcu.status["series"])

    def test_what_the_service_warns_of_at_arm_is_in_the_log(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.detector = self.made(Path(folder.name))
        for warned in (False, True):
            with self.assertLogs("vdcu_client.ophyd") as seen:
                # assertNoLogs is not in every Python that ophyd-async goes with.
                logging.getLogger("vdcu_client.ophyd").warning("begin")
                self.run_plan(count([self.detector]))
            told = any("det: this series has the file of an earlier series" in line for line in seen.output)
            self.assertEqual(told, warned)
            (Path(folder.name) / "scan.h5").unlink()

    def test_a_series_of_somebody_else_is_left_open_by_unstage(self) -> None:
        self.control.lost = 1
        theirs = []

        def plan() -> Any:
            yield from bps.stage(self.detector)
            yield from bps.prepare(self.detector, TriggerInfo(), wait=True)
            self.vdcu.stop()
            theirs.append(self.vdcu.arm(frames=7)["series_id"])
            yield from bps.unstage(self.detector)

        self.run_plan(plan())
        self.assertEqual(self.vdcu.status["series"]["series_id"], theirs[0])
        with self.assertRaises(FailedStatus) as seen:
            self.run_plan(count([self.detector]))
        self.assertIn(f"series {theirs[0]} is open", repr(seen.exception.__cause__))
        self.assertEqual(self.vdcu.status["series"]["series_id"], theirs[0])

    def test_an_answer_that_is_none_ends_the_wait_at_once_and_the_next_wait_goes_well(self) -> None:
        self.control.lost = 3
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with Stand() as stand:
            answers = stand.answers
            answers["/status"] = b'{"state":"idle"}'
            self.detector = self.made(Path(folder.name), stand.url)
            causes = []

            def plan() -> Any:
                yield from bps.stage(self.detector)
                begins = threading.Timer(0.2, answers.update, [{"/status": b'{"state":"running"}'}])
                begins.start()
                yield from bps.prepare(self.detector, TriggerInfo(exposure_timeout=3600), wait=True)
                for number, answer in enumerate((b'{"value":null}', b"{}")):
                    answers["/received_frames"] = answer
                    # Until it is what was seen last.
                    yield from bps.sleep(0.5)
                    try:
                        yield from bps.trigger(self.detector, group=f"taken {number}")
                        yield from bps.wait(f"taken {number}")
                    except FailedStatus as error:
                        causes.append(repr(error.__cause__))
                answers["/received_frames"] = b'{"value":0}'
                yield from bps.sleep(0.5)
                yield from bps.trigger(self.detector, group="taken")
                yield from bps.sleep(0.2)
                answers["/received_frames"] = b'{"value":1}'
                yield from bps.wait("taken")
                answers["/status"] = b'{"state":"idle"}'

            self.run_plan(bpp.finalize_wrapper(plan(), bps.unstage(self.detector)))
        self.assertRegex(causes[0], "/received_frames: value None is no count")
        self.assertRegex(causes[1], "/received_frames: the answer has no value")

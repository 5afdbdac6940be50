"""The Tango device against a real service and a receiver that writes files; no database."""

import json
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from file_receiver import GROUP, FileReceiver
from station import DATA, URL, Stand, StationTest, play, until
from tango import DevFailed, DeviceProxy, DevState
from tango.server import command
from tango.test_context import MultiDeviceTestContext

from vdcu_client.tango import VirtualDcu, flip_and_rotation


NOBODY = "http://127.0.0.1:9"


class StartsDetector(VirtualDcu):
    """A subclass that can start its detector."""

    def start_detector(self) -> None:
        threading.Thread(target=play, args=("simulate",), kwargs={"frames": 5, "rate": 50, "firstFrame": 1}).start()

    @command
    def SoftwareTrigger(self) -> None:
        play("simulate", frames=1, rate=50, firstFrame=6)


class Elsewhere(VirtualDcu):
    """A context takes each class once."""


class Strange(VirtualDcu):
    """Service and receiver are played."""


class TangoDevice(StationTest):
    context: MultiDeviceTestContext
    receiver: FileReceiver
    stand: Stand

    @classmethod
    def setUpClass(cls) -> None:
        cls.stand = Stand()
        cls.enterClassContext(cls.stand)
        cls.receiver = FileReceiver(DATA)
        cls.enterClassContext(cls.receiver)
        properties = {"vdcu_url": URL, "receiver_url": cls.receiver.url, "receiver_timeout": 2.0}
        properties.update(trigger_timeout=1.0, external_trigger_timeout=2.5)
        devices = [
            {"class": VirtualDcu, "devices": [{"name": "test/vdcu/1", "properties": properties}]},
            {"class": StartsDetector, "devices": [{"name": "test/vdcu/2", "properties": properties}]},
            {"class": Elsewhere, "devices": [{"name": "test/vdcu/3", "properties": {"vdcu_url": NOBODY}}]},
        ]
        properties = {"vdcu_url": cls.stand.url, "receiver_url": cls.stand.url, "trigger_timeout": 2.0}
        devices.append({"class": Strange, "devices": [{"name": "test/vdcu/4", "properties": properties}]})
        cls.context = MultiDeviceTestContext(devices)
        cls.enterClassContext(cls.context)

    def device(self, number: int = 1) -> DeviceProxy:
        device = self.context.get_device(f"test/vdcu/{number}")
        device.set_timeout_millis(20_000)
        until(lambda: self.vdcu.status["consumers"] == 1, "the receiver at the service")
        return device

    def reaches(self, device: DeviceProxy, state: DevState, text: str = "") -> None:
        wanted = f"{state} with {text!r}; is {device.state()}: {device.status()}"
        until(lambda: device.state() == state and text in device.status(), wanted)

    def stays(self, device: DeviceProxy, state: DevState, text: str, seconds: float = 1.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertEqual(device.state(), state, device.status())
            self.assertIn(text, device.status())
            time.sleep(0.02)

    def test_a_fault_holds_whatever_service_and_receiver_do_until_somebody_acts(self) -> None:
        device = self.device()
        device.DestinationFilename, device.nTriggers, device.FrameRate = "", 4, 0.0
        self.addCleanup(self.receiver.late.clear)
        self.receiver.late.set()
        with self.assertRaisesRegex(DevFailed, "is idle, not running, after 2 s"):
            device.Arm()
        self.assertIsNone(self.vdcu.status["series"], "no series is left open")
        # Now the receiver runs, with a series that is over, and is idle a little later.
        self.addCleanup(self.receiver.held.clear)
        self.receiver.held.set()
        self.receiver.late.clear()
        self.stays(device, DevState.FAULT, "is idle, not running, after 2 s", 0.5)
        self.receiver.held.clear()
        self.stays(device, DevState.FAULT, "is idle, not running, after 2 s")
        device.Stop()
        self.reaches(device, DevState.ON)

        self.receiver.held.set()
        device.Arm()
        self.reaches(device, DevState.FAULT, "No frame for 1 s: 0 of 4")
        self.vdcu.stop()
        self.stays(device, DevState.FAULT, "No frame for 1 s: 0 of 4", 0.5)
        self.receiver.held.clear()
        self.stays(device, DevState.FAULT, "No frame for 1 s: 0 of 4")
        device.Stop()
        self.reaches(device, DevState.ON)

    def test_a_scan_as_the_beamline_makes_it(self) -> None:
        device = self.device()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        device.DestinationFilename = str(Path(folder.name) / "scan.h5")
        device.nTriggers, device.ExposureTime, device.FrameRate = 6, 0.02, 50.0
        self.receiver.held.set()
        device.Arm()
        self.assertEqual(device.state(), DevState.RUNNING)
        with self.assertRaisesRegex(DevFailed, "goes on: Stop first"):
            device.Arm()
        play("simulate", frames=6, rate=50, firstFrame=1, loss="*:2:5")
        self.reaches(device, DevState.RUNNING, "Waiting for streaming-receiver to finish")
        self.receiver.held.clear()
        self.reaches(device, DevState.ON, "1 frames of series")
        self.assertEqual((device.nFramesAcquired, device.nFramesReceived), (6, 6))
        with h5py.File(device.DestinationFilename) as file:
            group = file[GROUP]
            self.assertEqual(group["data"].shape, (6, 514, 514))
            told = (group["exptime"][()], group["nimages"][()], group["trigger_mode"][()])
            self.assertEqual(told, (0.02, 6, b"INTERNAL"))

    def test_a_trigger_that_is_lost_is_a_fault_until_somebody_acts(self) -> None:
        device = self.device()
        device.DestinationFilename = ""
        device.nTriggers, device.FrameRate = 4, 0.0
        device.Arm()
        play("simulate", frames=3, rate=50, firstFrame=1)
        self.reaches(device, DevState.FAULT, "No frame for 1 s: 3 of 4 have come")
        self.assertEqual(device.nFramesAcquired, 3)
        self.stays(device, DevState.FAULT, "No frame for 1 s: 3 of 4 have come")
        device.Stop()
        self.reaches(device, DevState.ON)
        device.Arm()
        # What is written now is for the next series.
        device.TriggerMode = "EXTERNAL_MULTI"
        self.addCleanup(setattr, device, "TriggerMode", "INTERNAL")
        self.reaches(device, DevState.FAULT, "No frame for 1 s: 0 of 4")
        device.Arm()
        device.TriggerMode = "INTERNAL"
        self.reaches(device, DevState.RUNNING, "0 of 4 frames")
        self.stays(device, DevState.RUNNING, "0 of 4 frames", 1.5)
        self.reaches(device, DevState.FAULT, "No frame for 2.5 s: 0 of 4")
        device.TriggerMode = "SOFTWARE"
        device.Arm()
        self.reaches(device, DevState.FAULT, "No frame for 2.5 s: 0 of 4")
        device.TriggerMode, device.nTriggers = "INTERNAL", 0
        for begin in (device.Arm, device.Live):
            begin()
            self.reaches(device, DevState.FAULT, "No frame for 1 s: 0 of any have come")
        with self.assertRaisesRegex(DevFailed, "'SOMEHOW' is none of"):
            device.TriggerMode = "SOMEHOW"
        device.Stop()
        self.reaches(device, DevState.ON)

    def test_whatever_is_answered_the_device_goes_on_looking(self) -> None:
        device, answers = self.device(4), self.stand.answers
        device.nTriggers = 4

        def service(series: Any, last: Any = None) -> bytes:
            """All that is asked of it under one path."""
            status = {"series": series, "last_series": last, "problems": [], "message": ""}
            return json.dumps({**status, "summary": None, "series_id": 7, "warnings": []}).encode()

        running = {"/status": b'{"state":"running"}', "/received_frames": b'{"value":3}'}
        running["/api/v1/series"] = service({"series_id": 7, "images_sent": 3, "highest_frame_number": 3})

        for path, answer, reason in [
            ("/received_frames", b'{"value":null}', "value None is no count"),
            ("/received_frames", b"{}", "the answer has no value"),
            ("/status", b'{"state":"Running"}', "state 'Running' is none of idle, running, error"),
            ("/api/v1/series", service({"series_id": 7}), "could not be read: KeyError: 'images_sent'"),
            ("/api/v1/series", service([]), "could not be read: TypeError"),
            ("/api/v1/series", b'{"series":null}', "could not be read: KeyError: 'last_series'"),
        ]:
            with self.subTest(answer):
                answers["/status"], answers["/api/v1/series"] = b'{"state":"idle"}', service(None)
                self.stand.after["POST"] = running
                device.Arm()
                self.reaches(device, DevState.RUNNING, "3 of 4 frames")
                # For a moment it is no fault.
                answers[path] = answer
                self.reaches(device, DevState.RUNNING, reason)
                answers.update(running)
                self.reaches(device, DevState.RUNNING, "3 of 4 frames")
                answers[path] = answer
                self.reaches(device, DevState.FAULT, reason)
                answers.update(running)
                self.stays(device, DevState.FAULT, reason, 0.3)
                device.Stop()
                self.reaches(device, DevState.RUNNING, "3 of 4 frames")
                over = {"series_id": 7, "frames": 4, "marked": 0, "discarded": 0, "warnings": []}
                answers["/status"], answers["/api/v1/series"] = b'{"state":"idle"}', service(None, over)
                self.reaches(device, DevState.ON)

    def test_a_series_of_somebody_else_is_not_ended(self) -> None:
        device = self.device()
        device.DestinationFilename, device.nTriggers, device.FrameRate, device.TriggerMode = "", 4, 0.0, "INTERNAL"
        device.Arm()
        self.reaches(device, DevState.FAULT, "No frame for 1 s")
        # Somebody ends it, the receiver is not done yet, and the next one is armed elsewhere.
        self.addCleanup(self.receiver.held.clear)
        self.receiver.held.set()
        self.vdcu.stop()
        theirs = self.vdcu.arm(frames=7)["series_id"]
        with self.assertRaises(DevFailed) as seen:
            device.Arm()
        self.assertEqual(seen.exception.args[0].reason, "VDCU_busy")
        self.assertIn(f"series {theirs} is open", seen.exception.args[0].desc)
        device.Stop()
        self.receiver.held.clear()
        self.assertEqual(self.vdcu.status["series"]["series_id"], theirs)
        self.vdcu.stop()
        self.reaches(device, DevState.ON)

    def test_a_device_that_is_started_anew_tells_what_goes_on(self) -> None:
        device = self.device()
        device.DestinationFilename, device.nTriggers, device.FrameRate, device.TriggerMode = "", 4, 0.0, "INTERNAL"
        device.Arm()
        series = self.vdcu.status["series"]["series_id"]
        device.Init()
        self.assertEqual(device.state(), DevState.RUNNING, device.status())
        with self.assertRaisesRegex(DevFailed, f"series {series} goes on: Stop first"):
            device.Arm()
        self.reaches(device, DevState.RUNNING, "0 of 4 frames")
        self.addCleanup(self.receiver.held.clear)
        self.receiver.held.set()
        play("simulate", frames=4, rate=50, firstFrame=1)
        self.reaches(device, DevState.RUNNING, "Waiting for streaming-receiver to finish")
        device.Init()
        self.assertEqual(device.state(), DevState.RUNNING, device.status())
        self.reaches(device, DevState.RUNNING, "Waiting for streaming-receiver to finish")
        self.receiver.held.clear()
        self.reaches(device, DevState.ON)
        self.assertEqual(device.nFramesAcquired, 4)
        device.Init()
        self.assertEqual((device.state(), device.status()), (DevState.ON, "Ready"))

    def test_a_device_that_is_started_before_its_service_waits_for_it(self) -> None:
        device, answers = self.device(4), self.stand.answers
        answers.clear()
        device.Init()
        self.stays(device, DevState.UNKNOWN, "the answer has no series", 0.3)
        automatic = {"series_id": 7, "auto": True, "frames": 0, "images_sent": 3, "highest_frame_number": 3}
        answers["/api/v1/series"] = json.dumps({"series": automatic, "last_series": None}).encode()
        self.reaches(device, DevState.ON, "Ready")

    def test_what_the_service_warns_of_at_arm_is_told_while_the_series_is_open(self) -> None:
        device = self.device()
        device.nTriggers, device.FrameRate, device.TriggerMode = 4, 0.0, "EXTERNAL_MULTI"
        self.addCleanup(setattr, device, "TriggerMode", "INTERNAL")
        with tempfile.TemporaryDirectory() as folder:
            device.DestinationFilename = str(Path(folder) / "again.h5")
            for warned in (False, True):
                device.Arm()
                for text in ("is open, waiting for frames", "0 of 4 frames"):
                    self.reaches(device, DevState.RUNNING, text)
                    self.assertEqual("has the file of an earlier series" in device.status(), warned, device.status())
                device.Stop()
                self.reaches(device, DevState.ON)
                Path(device.DestinationFilename).unlink()

    def test_a_stop_returns_soon_and_runs_until_everything_is_sent(self) -> None:
        device, answers = self.device(4), self.stand.answers
        status = {"series": None, "last_series": None, "problems": [], "message": ""}
        status.update(summary=None, series_id=7, warnings=[])
        answers["/status"] = b'{"state":"idle"}'
        answers["/received_frames"] = b'{"value":3}'
        answers["/api/v1/series"] = json.dumps(status).encode()
        series = {"series_id": 7, "images_sent": 3, "highest_frame_number": 3}
        opened = json.dumps({**status, "series": series, "message": "series 7 closes"}).encode()
        self.stand.after["POST"] = {"/status": b'{"state":"running"}', "/api/v1/series": opened}
        device.nTriggers = 4
        device.Arm()
        self.stand.slow["DELETE"] = 60.0
        self.addCleanup(self.stand.slow.clear)
        self.reaches(device, DevState.RUNNING, "3 of 4 frames")
        # Tango's default.
        device.set_timeout_millis(3000)
        device.Stop()
        # Longer than trigger_timeout: no further frame is waited for.
        self.stays(device, DevState.RUNNING, "", 2.5)
        over = {"series_id": 7, "frames": 4, "marked": 0, "discarded": 0, "warnings": []}
        answers["/status"] = b'{"state":"idle"}'
        answers["/api/v1/series"] = json.dumps({**status, "last_series": over}).encode()
        self.reaches(device, DevState.ON)

    def test_what_receiver_and_service_say_is_told(self) -> None:
        device = self.device()
        device.DestinationFilename, device.nTriggers = "/no/such/folder/a.h5", 4
        with self.assertRaisesRegex(DevFailed, "no such folder"):
            device.Arm()
        self.reaches(device, DevState.FAULT, "no such folder")
        self.assertIsNone(self.vdcu.stop(), "no series is left open")
        device.DestinationFilename = "relative.h5"
        with self.assertRaises(DevFailed) as seen:
            device.Arm()
        self.assertEqual(seen.exception.args[0].reason, "VDCU_invalid")
        self.assertIn("is not an absolute path", seen.exception.args[0].desc)
        device.Stop()
        self.reaches(device, DevState.ON)
        nobody = self.device(3)
        self.stays(nobody, DevState.UNKNOWN, "Is the service running", 0.3)
        with self.assertRaisesRegex(DevFailed, "Is the service running"):
            nobody.Arm()
        nobody.Stop()
        self.stays(nobody, DevState.UNKNOWN, "Is the service running", 0.3)

    def test_live_has_no_end_and_a_subclass_starts_its_detector(self) -> None:
        device = self.device(2)
        device.Live()
        until(lambda: device.nFramesAcquired == 5, "five frames")
        self.assertEqual(device.state(), DevState.RUNNING)
        device.SoftwareTrigger()
        until(lambda: device.nFramesAcquired == 6, "a frame by trigger")
        device.Stop()
        self.reaches(device, DevState.ON)

    def test_how_images_lie_is_told_in_the_words_of_andor_streamer(self) -> None:
        device = self.device()
        config = self.vdcu.config()
        self.assertEqual((config["turn"], config["mirror"]), (90, True), "by python.test.ts")
        self.assertEqual((device.Fliplr, device.Flipud, device.Rotation), (True, False, 3))
        frame = np.arange(6).reshape(2, 3)
        for turn in (0, 90, 180, 270):
            for mirror in (False, True):
                turned = np.rot90(frame, turn // 90)
                sent = turned[:, ::-1] if mirror else turned
                fliplr, rotation = flip_and_rotation(turn, mirror)
                theirs = np.rot90(np.fliplr(frame) if fliplr else frame, rotation)
                np.testing.assert_array_equal(theirs, sent, f"{turn} {mirror}")
                self.assertIn(rotation, range(4))
        with self.assertRaisesRegex(DevFailed, "Is the service running"):
            self.device(3).Rotation
        with self.assertRaises(DevFailed):
            device.Fliplr = False


if __name__ == "__main__":
    unittest.main()

"""The core, with the standard library alone: orders, answers, errors; the README's example."""

import http.server
import importlib.util
import json
import pickle
import re
import threading
import time
import typing
import unittest
import urllib.request
from pathlib import Path

import vdcu_client
from station import DATA, URL, Stand, StationTest, play
from vdcu_client import Frame, Receiver, Refused, TimedOut, Unreachable, Vdcu, VdcuError, answers
from vdcu_client.receiver import ReceiverFailed


class Orders(StationTest):
    def test_a_series_is_armed_waited_for_and_told(self) -> None:
        play("consume", series=1)
        opened = self.vdcu.arm(frames=5, first_frame_number=1, frame_period_ms=20, metadata={"exptime": 0.02})
        self.assertEqual((opened["shape"], opened["type"], opened["state"]), ([514, 514], "uint16", "open"))
        self.assertEqual(self.vdcu.status["series"]["frames"], 5)
        play("simulate", frames=5, rate=50, firstFrame=1, loss="*:3:7")
        summary = self.vdcu.wait(opened["series_id"], timeout=20)
        self.assertEqual((summary["frames"], summary["complete"], summary["marked"]), (5, 4, 1))
        self.assertEqual(summary["incomplete"], [[2, 2]])
        self.assertEqual([port["missing"] for port in summary["ledger"]], [1, 1])
        self.assertEqual(self.vdcu.summary(opened["series_id"]), summary)
        record = self.vdcu.record(opened["series_id"])
        self.assertEqual({key: record[key] for key in summary}, summary)
        self.assertEqual([[frame, first, last] for frame, _, first, last in record["missing"]], [[2, 7, 7], [2, 7, 7]])
        ports = [port["udp_port"] for port in summary["ledger"]]
        self.assertEqual([port for _, port, _, _ in record["missing"]], ports)
        self.assertIsNone(record["unlisted_from"])
        with self.assertRaisesRegex(Refused, "series .99999. is not in the history"):
            self.vdcu.record(99999)
        self.assertEqual(self.vdcu.wait(), summary, "without a number: the last one")
        frame = self.vdcu.last_frame()
        assert frame is not None
        self.assertEqual((frame.header["frame_number"], frame.header["complete"]), (5, True))
        self.assertEqual(memoryview(frame.pixels).nbytes, 514 * 514 * 2)
        if not isinstance(frame.pixels, bytes):
            self.assertEqual((frame.pixels.shape, frame.pixels.dtype.str), ((514, 514), "<u2"))

    def test_a_file_that_a_series_before_had_is_warned_of(self) -> None:
        play("consume", series=2)
        for warnings in (0, 1):
            opened = self.vdcu.arm("/data/again.h5", frames=1)
            self.assertEqual(len(opened["warnings"]), warnings, opened)
            self.vdcu.stop()
        self.assertRegex(opened["warnings"][0], "has the file of an earlier series, /data/again.h5")

    def test_stop_ends_what_was_not_finished_and_fills_it_when_asked(self) -> None:
        for fill, frames in ((False, 2), (True, 4)):
            play("consume", series=1)
            self.vdcu.arm(frames=4, first_frame_number=1)
            play("simulate", frames=2, rate=50, firstFrame=1)
            summary = self.vdcu.stop(fill=fill)
            assert summary is not None
            self.assertEqual((summary["frames"], summary["complete"]), (frames, 2))
        self.assertIsNone(self.vdcu.stop(), "nothing is open")

    def test_a_stop_that_names_its_series_leaves_that_of_somebody_else_open(self) -> None:
        play("consume", series=2)
        first = self.vdcu.arm(frames=4)["series_id"]
        self.assertIsNone(self.vdcu.stop(series=first + 1), "another is open")
        ended = self.vdcu.stop(series=first)
        assert ended is not None
        self.assertEqual(ended["series_id"], first)
        self.assertIsNone(self.vdcu.stop(series=first), "none is open")
        second = self.vdcu.arm(frames=4)["series_id"]
        self.assertIsNone(self.vdcu.stop(series=first, fill=True), "another is open")
        self.assertEqual(self.vdcu.status["series"]["series_id"], second)

    def test_a_stop_that_takes_long_says_what_the_service_is_doing_and_goes_on(self) -> None:
        play("consume", series=1, delayMs=100, receiveHighWaterMark=1)
        opened = self.vdcu.arm(first_frame_number=1)
        play("simulate", frames=40, rate=200, firstFrame=1)
        with self.assertRaises(TimedOut) as seen:
            self.vdcu.stop(timeout=0.3)
        self.assertRegex(str(seen.exception), "^the series has not ended within 0.3 s: ")
        self.assertNotIn("address", str(seen.exception))
        self.assertEqual(self.vdcu.wait(opened["series_id"], timeout=30)["frames"], 40, "the stop was not withdrawn")
        with self.assertRaisesRegex(Unreachable, "Is the service running"), _answering(200, b"", of_bytes=4) as url:
            Vdcu(url, timeout=0.2).stop(timeout=0.2)

    def test_a_wait_has_an_end_and_says_what_the_service_is_doing(self) -> None:
        play("consume", series=1)
        opened = self.vdcu.arm(frames=4)
        with self.assertRaises(TimedOut) as seen:
            self.vdcu.wait(opened["series_id"], timeout=0.3)
        self.assertIn(self.vdcu.status["message"][:20], str(seen.exception))
        with self.assertRaisesRegex(VdcuError, "series 99999 is not in the history"):
            self.vdcu.wait(99999)

    def test_what_json_cannot_say_is_refused_before_it_is_sent(self) -> None:
        for value, error in ((float("nan"), ValueError), ({1, 2}, TypeError), (b"bytes", TypeError)):
            with self.assertRaises(error):
                self.vdcu.arm(metadata={"value": value})
        self.assertIsNone(self.vdcu.status["series"], "nothing is open")

    def test_refusals_carry_the_reason_and_the_sentences(self) -> None:
        with self.assertRaises(Refused) as seen:
            self.vdcu.arm("relative.h5", frames=-1)
        self.assertEqual((seen.exception.status, seen.exception.why), (422, "invalid"))
        self.assertEqual([problem.split(":")[0] for problem in seen.exception.problems], ["filename", "frames"])
        self.assertEqual(str(seen.exception), "\n".join(seen.exception.problems))
        with self.assertRaises(Refused) as seen:
            self.vdcu.arm()
        self.assertEqual((seen.exception.status, seen.exception.why), (503, "no_consumer"))
        play("consume", series=1)
        self.vdcu.arm()
        with self.assertRaises(Refused) as seen:
            self.vdcu.arm()
        self.assertEqual((seen.exception.status, seen.exception.why), (409, "busy"))
        with self.assertRaises(ValueError, msg="a number that JSON has not"):
            self.vdcu.arm(frame_period_ms=float("nan"))


class Answers(unittest.TestCase):
    def test_names_of_keys_are_those_of_the_service(self) -> None:
        with urllib.request.urlopen(f"{URL}/docs/json") as response:
            paths = json.load(response)["paths"]

        def schema(path: str, method: str, code: str) -> dict:
            return paths[path][method]["responses"][code]["content"]["application/json"]["schema"]

        status = schema("/api/v1/series", "get", "200")
        summary = schema("/api/v1/series/history", "get", "200")["properties"]["series"]["items"]
        pairs = [
            (answers.Status, status),
            (answers.Series, status["properties"]["series"]),
            (answers.Receiving, status["properties"]["series"]["properties"]["ports"]["items"]),
            (answers.Summary, summary),
            (answers.Record, schema("/api/v1/series/history/{series_id}", "get", "200")),
            (answers.PortLedger, summary["properties"]["ledger"]["items"]),
            (answers.Opened, schema("/api/v1/series", "post", "201")),
        ]
        for ours, theirs in pairs:
            # The service may say more than a client of this version knows; what it knows is there.
            self.assertLessEqual(_keys(ours), set(theirs["properties"]), ours.__name__)
            self.assertLessEqual(ours.__required_keys__, set(theirs["required"]), ours.__name__)
        wish = paths["/api/v1/series"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        self.assertEqual(set(typing.get_type_hints(Vdcu.arm)) - {"return"}, set(wish))

    def test_nobody_there_or_somebody_else(self) -> None:
        with self.assertRaisesRegex(Unreachable, "no answer: .*Is the service running"):
            Vdcu("http://127.0.0.1:9", timeout=1).status
        with _answering(200, b"<html>") as url, self.assertRaisesRegex(Unreachable, "no JSON object"):
            Vdcu(url).status
        with _answering(401, b'{"problems":["this request needs a token"]}') as url:
            with self.assertRaises(Refused) as seen:
                Vdcu(url).stop()
            told = (seen.exception.status, seen.exception.why, str(seen.exception))
            self.assertEqual(told, (401, "", "this request needs a token"))
        with _answering(502, b"bad gateway") as url, self.assertRaisesRegex(Refused, "status 502: bad gateway"):
            Vdcu(url).stop()
        with self.assertRaisesRegex(Unreachable, "no answer: unknown url type"):
            Vdcu("").status

    def test_an_object_of_somebody_else_is_no_answer(self) -> None:
        with _answering(200, b"{}") as url:
            for ask in (Vdcu(url).wait, Vdcu(url).arm, Vdcu(url).stop, Vdcu(url).history, lambda: Vdcu(url).record(1)):
                with self.assertRaisesRegex(Unreachable, "the answer has no "):
                    ask()

    def test_a_receiver_that_answers_something_else_is_none(self) -> None:
        values = (b"null", b'"7"', b"1.5", b"true", b"-1")
        for answer in (b"{}", b"[7]", *(b'{"value":%s}' % value for value in values)):
            with _answering(200, answer) as url, self.assertRaisesRegex(Unreachable, f"^{url}/received_frames: "):
                Receiver(url).received_frames()
        states = (b"null", b'["idle"]', b'"Running"')
        for answer in (b"{}", b'{"detail":"Not Found"}', *(b'{"state":%s}' % state for state in states)):
            for ask in (Receiver.status, lambda receiver: receiver.wait_for("idle", 1)):
                with _answering(200, answer) as url, self.assertRaisesRegex(Unreachable, f"^{url}/status: "):
                    ask(Receiver(url))
        with _answering(200, b'{"value":7}') as url:
            self.assertEqual(Receiver(url).received_frames(), 7)
        with _answering(200, b'{"state":"error","error":"no such folder"}') as url:
            self.assertEqual(Receiver(url).status(), ("error", "no such folder"))

    def test_an_error_of_the_series_before_is_over_when_the_receiver_is_idle(self) -> None:
        with Stand() as stand:
            stand.answers["/status"] = b'{"state":"error","error":"no such folder"}'
            late = threading.Timer(0.3, stand.answers.update, [{"/status": b'{"state":"idle"}'}])
            late.start()
            Receiver(stand.url).wait_for("idle", 5)
            late.join()
            stand.answers["/status"] = b'{"state":"error","error":"no such folder"}'
            for state, seconds in (("running", 5), ("idle", 0.2)):
                with self.assertRaisesRegex(ReceiverFailed, "no such folder"):
                    Receiver(stand.url).wait_for(state, seconds)

    def test_a_receiver_says_little_and_no_more_is_read(self) -> None:
        with _answering(200, b'{"state":"idle"' + b" " * (2 << 20) + b"}") as url:
            with self.assertRaisesRegex(Unreachable, "no JSON object"):
                Receiver(url).status()

    def test_an_answer_that_does_not_end_in_time_or_ends_early_is_none(self) -> None:
        with _answering(200, b" " * 40, seconds_for_each_byte=0.1) as url:
            begin = time.monotonic()
            with self.assertRaisesRegex(Unreachable, "timed out"):
                Vdcu(url, timeout=0.5).status
            self.assertLess(time.monotonic() - begin, 2)
        with _answering(500, b"", of_bytes=40) as url, self.assertRaisesRegex(Unreachable, "timed out"):
            Vdcu(url, timeout=0.5).status
        with _answering(200, b'{"series":null}', of_bytes=40, hangs=False) as url:
            with self.assertRaisesRegex(Unreachable, "it ends after 15 of 40 bytes"):
                Vdcu(url).status

    def test_a_last_frame_that_is_damaged_is_none(self) -> None:
        header = {"type": "uint16", "shape": [2, 5]}
        whole = pickle.dumps([header, b"12345678"])
        numpy_answers = [whole] if importlib.util.find_spec("numpy") else []
        for answer in (b"", b"<html>", whole[:-5], pickle.dumps(3), pickle.dumps([]), *numpy_answers):
            with _answering(200, answer) as url, self.assertRaisesRegex(Unreachable, "the answer is no image"):
                Vdcu(url).last_frame()

    def test_metadata_may_have_numbers_and_arrays_of_numpy(self) -> None:
        if importlib.util.find_spec("numpy") is None:
            self.skipTest("numpy is not installed")
        import numpy

        with _answering(201, b'{"series_id":1}') as url:
            metadata = {"n": numpy.int64(3), "x": numpy.float32(0.5), "on": numpy.bool_(True), "a": numpy.arange(2)}
            Vdcu(url).arm(frames=numpy.int32(2), metadata=metadata)
            wish = json.loads(_answering.body)
            self.assertEqual(wish["frames"], 2)
            self.assertEqual(wish["metadata"], {"n": 3, "x": 0.5, "on": True, "a": [0, 1]})

    def test_the_token_goes_with_orders(self) -> None:
        with _answering(200, b'{"summary":null}') as url:
            self.assertIsNone(Vdcu(url, token="0123456789abcdef").stop())
            self.assertEqual(_answering.seen["authorization"], "Bearer 0123456789abcdef")

    def test_a_last_frame_that_wants_code_is_not_opened(self) -> None:
        wrong = self.assertRaisesRegex(VdcuError, "builtins.print")
        with _answering(200, pickle.dumps([{"a": 1}, print])) as url, wrong:
            Vdcu(url).last_frame()
        with _answering(200, pickle.dumps([{}, b""], 3)) as url:
            self.assertIsNone(Vdcu(url).last_frame(), "before the first frame")


class Readme(StationTest):
    def test_the_example_runs_as_it_stands(self) -> None:
        text = (Path(__file__).parent.parent / "README.md").read_text()
        blocks = re.findall(r"```python\n(.*?)```", text, re.S)
        example = blocks[0].replace("http://127.0.0.1:5000", URL)
        play("consume", series=1)
        names: dict = {
            "start_detector": lambda: play("simulate", frames=10, rate=50, firstFrame=1, loss="*:4:9"),
        }
        exec(compile(example, "README.md", "exec"), names)
        self.assertEqual(names["summary"]["frames"], 10)
        self.assertEqual(names["summary"]["incomplete"], [[3, 3]])
        self.assertIsInstance(names["frame"], Frame)

    def test_everything_that_is_offered_is_there(self) -> None:
        for name in vdcu_client.__all__:
            self.assertTrue(getattr(vdcu_client, name).__doc__, name)


def _keys(shape: type) -> set:
    return set(shape.__required_keys__ | shape.__optional_keys__)  # type: ignore[attr-defined]


class _answering:
    """A server on loopback that answers everything with this.

    ``seen``, ``body``: headers and body of the last request.
    """

    seen: dict = {}
    body = b""

    def __init__(
        self, status: int, body: bytes, *, of_bytes: int = 0, hangs: bool = True, seconds_for_each_byte: float = 0
    ) -> None:
        """``of_bytes``: so many are declared; where the body is shorter it waits for its end, unless not ``hangs``."""
        over = self.over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _answering.seen = {key.lower(): value for key, value in self.headers.items()}
                _answering.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(of_bytes or len(body)))
                self.end_headers()
                if seconds_for_each_byte == 0:
                    self.wfile.write(body)
                else:
                    for byte in body:
                        if over.wait(seconds_for_each_byte):
                            return
                        self.wfile.write(bytes([byte]))
                if of_bytes > len(body) and hangs:
                    over.wait(10)

            do_DELETE = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

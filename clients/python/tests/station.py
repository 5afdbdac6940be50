"""What the tests of the client play against: a real service with a simulated detector, and consumers on demand.

test/clients/python.test.ts starts it and says where it is: VDCU_URL is the service, VDCU_STATION whoever plays detector
and consumer, VDCU_DATA the zmq endpoint.
"""

import http.server
import json
import os
import threading
import time
import unittest
import urllib.request
from typing import Any, Dict

from vdcu_client import Vdcu

URL = os.environ["VDCU_URL"]
DATA = os.environ["VDCU_DATA"]
_STATION = os.environ["VDCU_STATION"]

#: For whatever takes milliseconds on an idle machine.
GENEROUS = 20.0


def play(what: str, **wish: Any) -> Any:
    """``simulate`` (returns when all packets were sent), ``consume`` (returns when connected), ``vanish``."""
    request = urllib.request.Request(f"{_STATION}/{what}", data=json.dumps(wish).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=3 * GENEROUS) as response:
        return json.load(response)


def until(condition: Any, what: str) -> None:
    """Raises ``AssertionError`` when the condition does not come true in a generous time."""
    end = time.monotonic() + GENEROUS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not seen: {what}")
        time.sleep(0.02)


class Stand:
    """Answers on loopback whatever it is told to: ``with Stand() as stand``.

    ``answers``: JSON texts by path, without query.

    ``slow``: seconds until the answer, by method. ``after``: answers that change once that method was seen.
    """

    def __init__(self) -> None:
        self.answers: Dict[str, bytes] = {}
        self.slow: Dict[str, float] = {}
        self.after: Dict[str, Dict[str, bytes]] = {}
        answers, slow, after, over = self.answers, self.slow, self.after, threading.Event()
        self._over = over

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if over.wait(slow.get(self.command, 0)):
                    return
                answers.update(after.pop(self.command, {}))
                body = answers.get(self.path.split("?")[0], b"{}")
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_DELETE = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Stand":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


class StationTest(unittest.TestCase):
    """Leaves no series open behind."""

    def setUp(self) -> None:
        self.vdcu = Vdcu(URL)
        self.addCleanup(self.vdcu.stop)

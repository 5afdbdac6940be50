"""What the tests of the client play against: a real service with a simulated detector, and consumers on demand.

test/clients/python.test.ts starts it and says where it is: VDCU_URL is the service, VDCU_STATION whoever plays detector and
consumer, VDCU_DATA the zmq endpoint.
"""

import json
import os
import time
import unittest
import urllib.request
from typing import Any

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


class StationTest(unittest.TestCase):
    """Leaves no series open behind."""

    def setUp(self) -> None:
        self.vdcu = Vdcu(URL)
        self.addCleanup(self.vdcu.stop)

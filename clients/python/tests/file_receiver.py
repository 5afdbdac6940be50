"""A receiver that writes files, made as MAX IV's is: PULL, order by msg_number, one HDF5 file for each series, HTTP
beside.

``/status``: running from the header on, error while a file cannot be made, idle when the series is over and the file
closed.
"""

import http.server
import json
import os
import threading
from typing import Any, Dict, List, Optional

import h5py
import numpy as np
import zmq

GROUP = "/entry/instrument/eiger"


class FileReceiver:
    """``with FileReceiver(endpoint) as receiver``: ``receiver.url``.

    ``held``: the end of a series waits while it is set. ``late``: its beginning does.
    """

    def __init__(self, endpoint: str) -> None:
        self.held, self.late = threading.Event(), threading.Event()
        self._endpoint = endpoint
        self._over = threading.Event()
        self._status: Dict[str, str] = {"state": "idle"}
        self._received = 0
        self._file: Optional[h5py.File] = None
        self._numbers: List[int] = []
        answers = {"/status": lambda: self._status, "/received_frames": lambda: {"value": self._received}}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(answers[self.path]()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        works = (self._server.serve_forever, self._pull)
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def __enter__(self) -> "FileReceiver":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def _pull(self) -> None:
        socket = zmq.Context.instance().socket(zmq.PULL)
        socket.connect(self._endpoint)
        wanted, waiting = -1, {}
        while not self._over.is_set():
            if not socket.poll(20):
                continue
            parts = socket.recv_multipart()
            fields = json.loads(parts[0])
            if fields["htype"] == "header":
                wanted, waiting = fields["msg_number"], {}
            waiting[fields["msg_number"]] = (fields, parts[1:])
            while wanted in waiting:
                self._take(*waiting.pop(wanted))
                wanted += 1
        socket.close(linger=0)
        self._close()

    def _take(self, fields: Dict[str, Any], blobs: List[bytes]) -> None:
        if fields["htype"] == "header":
            self._wait_while(self.late)
            self._received, self._numbers = 0, []
            if fields["filename"] and not os.path.isdir(os.path.dirname(fields["filename"])):
                reason = f"Unable to create file {fields['filename']}: no such folder"
                self._status = {"state": "error", "error": reason}
                return
            self._file = h5py.File(fields["filename"], "a") if fields["filename"] else None
            if self._file is not None and blobs:
                self._put(GROUP, json.loads(blobs[0]))
            self._status = {"state": "running"}
        elif fields["htype"] == "image":
            self._received += 1
            if self._file is not None and not fields.get("discard"):
                self._write(fields, blobs[0])
        else:
            self._wait_while(self.held)
            self._close()
            self._status = {"state": "idle"}

    def _wait_while(self, event: threading.Event) -> None:
        while event.is_set() and not self._over.is_set():
            self._over.wait(0.02)

    def _put(self, group: str, values: Dict[str, Any]) -> None:
        """Objects become groups, as the real one has them."""
        assert self._file is not None
        for key, value in values.items():
            if isinstance(value, dict):
                self._put(f"{group}/{key}", value)
            else:
                self._file[f"{group}/{key}"] = value

    def _write(self, fields: Dict[str, Any], blob: bytes) -> None:
        assert self._file is not None
        shape = tuple(fields["shape"])
        data = self._file.get(f"{GROUP}/data")
        if data is None:
            data = self._file.create_dataset(
                f"{GROUP}/data", shape=(0, *shape), maxshape=(None, *shape), chunks=(1, *shape), dtype=fields["type"]
            )
        data.resize(len(self._numbers) + 1, axis=0)
        data.id.write_direct_chunk((len(self._numbers), 0, 0), blob)
        self._numbers.append(fields["frame"])

    def _close(self) -> None:
        if self._file is not None:
            self._file[f"{GROUP}/sequence_number"] = np.array(self._numbers, np.uint32)
            self._file.close()
            self._file = None

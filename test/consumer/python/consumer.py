"""A consumer made of what MAX IV's is made of: pyzmq, h5py, numpy. Usage: consumer.py ENDPOINT SERIES UDP_PORT UDP_PORT

Receives in one thread, orders by msg_number as streaming-receiver does, writes each series into the file that its header names, image by
image with write_direct_chunk; then opens the files again and compares every pixel with the formula. Prints one JSON object.
"""

import json
import sys
import threading
from collections import deque

import h5py
import numpy as np
import zmq

import formula


class OrderedReceive:
    """Buffer by msg_number: a header sets the next one and forgets older ones, everything else waits for its turn, without limit."""

    def __init__(self):
        self.next = -1
        self.cache = {}

    def push(self, number, message):
        if message[0]["htype"] == "header":
            self.next = number
            self.cache = {key: value for key, value in self.cache.items() if key >= number}
        self.cache[number] = message
        ready = []
        while self.next in self.cache:
            ready.append(self.cache.pop(self.next))
            self.next += 1
        return ready


class Writer:
    """One series into one file; no file without a name."""

    def __init__(self, header, metadata):
        self.name = header["filename"]
        self.file = h5py.File(self.name, "a") if self.name else None
        self.images = []
        self.written = 0
        self.numbers = []
        if self.file is not None:
            self.group = self.file.create_group("/entry/instrument/eiger")
            self.put(self.group, metadata)
            self.data = None

    def put(self, group, values):
        for key, value in values.items():
            if isinstance(value, dict):
                self.put(group.create_group(key), value)
            else:
                group.create_dataset(key, data=value)

    def image(self, fields, blob):
        self.images.append(fields)
        if fields.get("discard") or self.file is None:
            return
        shape = tuple(fields["shape"])
        if self.data is None:
            self.data = self.group.create_dataset("data", dtype=fields["type"], shape=(0, *shape), maxshape=(None, *shape), chunks=(1, *shape))
        self.data.resize(self.written + 1, axis=0)
        self.data.id.write_direct_chunk((self.written, 0, 0), blob)
        self.numbers.append(int(fields["frame"]))
        self.written += 1

    def close(self):
        if self.file is None:
            return
        self.group.create_dataset("sequence_number", data=np.array(self.numbers, np.uint32))
        self.file.close()


def collect(endpoint, wanted, out, ready):
    socket = zmq.Context.instance().socket(zmq.PULL)
    socket.connect(endpoint)
    ended = 0
    while ended < wanted:
        parts = socket.recv_multipart(copy=True)
        fields = json.loads(parts[0])
        ended += fields["htype"] == "series_end"
        out.append((fields, parts[1:]))
        ready.release()
    socket.close(linger=0)


def compare(writer, udp_ports):
    """Read the file back and look at every pixel."""
    result = {"filename": writer.name, "images": len(writer.images), "written": writer.written, "complete": 0, "marked": 0, "discarded": 0,
              "missing_packets": 0, "missing_pixels": 0, "pixels": 0, "wrong_pixels": 0, "first_wrong": None}
    kept = []
    for fields in writer.images:
        result["missing_packets"] += fields["missing_packets"]
        if fields.get("discard"):
            result["discarded"] += 1
            continue
        result["complete" if fields["complete"] else "marked"] += 1
        kept.append(fields)
    if writer.file is None:
        return result
    with h5py.File(writer.name, "r") as file:
        group = file["/entry/instrument/eiger"]
        result["sequence_number"] = group["sequence_number"][()].tolist()
        result["metadata"] = {key: group[key][()].decode() if isinstance(group[key][()], bytes) else np.asarray(group[key][()]).tolist()
                              for key in group if key not in ("data", "sequence_number") and isinstance(group[key], h5py.Dataset)}
        for index, fields in enumerate(kept):
            seen = group["data"][index]
            expected = formula.frame(fields["frame_number"], fields.get("missing"), udp_ports, seen)
            wrong = seen != expected
            result["pixels"] += seen.size
            result["wrong_pixels"] += int(wrong.sum())
            result["missing_pixels"] += sum(last - first + 1 for ranges in fields.get("missing", {}).values() for first, last in ranges) * 2048
            if wrong.any() and result["first_wrong"] is None:
                result["first_wrong"] = [fields["frame"], *map(int, np.argwhere(wrong)[0])]
    return result


def main():
    endpoint, wanted, udp_ports = sys.argv[1], int(sys.argv[2]), [int(port) for port in sys.argv[3:]]
    received, ready = deque(), threading.Semaphore(0)
    threading.Thread(target=collect, args=(endpoint, wanted, received, ready), daemon=True).start()
    order, writer, series, numbers = OrderedReceive(), None, [], []
    while len(series) < wanted:
        ready.acquire()
        fields, parts = received.popleft()
        for message, blobs in order.push(fields["msg_number"], (fields, parts)):
            numbers.append(message["msg_number"])
            if message["htype"] == "header":
                writer = Writer(message, json.loads(blobs[0]) if blobs else {})
            elif message["htype"] == "image":
                writer.image(message, blobs[0])
            elif message["htype"] == "series_end":
                writer.close()
                series.append((writer, message))
    print(json.dumps({
        "gapless": numbers == list(range(numbers[0], numbers[0] + len(numbers))), "stuck": len(order.cache),
        "series": [{**compare(closed, udp_ports), "series_end": {key: end.get(key) for key in ("frames", "complete", "marked", "discarded", "aborted")}} for closed, end in series],
    }))


main()

"""Shapes of the service's answers: JSON as it comes, named. ``/docs`` of the service says more about each key.

Keys of a ``total=False`` class are there only when they apply.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, TypedDict, Union


class _ReceivingAlways(TypedDict):
    udp_port: int
    expected: int
    accepted: int
    missing: int
    late: Optional[int]
    ring: Optional[int]
    socket: Optional[int]
    cut_off: Optional[int]
    unexplained: Optional[int]
    duplicate: int
    reordered: int
    late_duplicate: int
    late_unknown: int
    malformed: int
    foreign: int


class PortLedger(_ReceivingAlways):
    """Packets of one port in one series: expected = accepted + missing.

    missing = late + ring + socket + cut_off + unexplained. ``None``: the kernel tells nothing.
    """

    socket_limited: bool
    kernel_drops: Optional[int]


class _SummaryAlways(TypedDict):
    series_id: int
    filename: str
    auto: bool
    frames: int
    complete: int
    marked: int
    discarded: int
    unsent: int
    incomplete: List[List[int]]
    truncated: bool
    first_frame_number: Optional[int]
    ledger: List[PortLedger]
    warnings: List[str]
    header_sent: bool
    end_pending: bool


class Summary(_SummaryAlways, total=False):
    """How a series went: frames = complete + marked + discarded.

    ``incomplete``: ranges of frame indices, both included.

    ``received_by_consumer``: images that the receiver has; ``None`` = it was not seen with the series, absent = not
    known yet.
    """

    aborted: str
    delivered_frames: int
    lost_endpoint: str
    received_by_consumer: Optional[int]
    receiver_error: str
    undelivered: Dict[str, Any]
    shared: Dict[str, Any]


class Record(Summary):
    """One series of the history with what its frames lack.

    ``missing``: frame index, UDP port, first and last packet of each range, by frame. ``unlisted_from``: frames from
    this index on are not listed, there were too many ranges; ``None`` = all are.
    """

    missing: List[List[int]]
    unlisted_from: Optional[int]


class Receiving(TypedDict):
    """One port of the series that is open."""

    udp_port: int
    packets: Dict[str, Any]
    counters: Dict[str, Any]
    newest_frame_number: Optional[int]


class Series(TypedDict):
    """The series that is open; ``frames`` 0 = until stopped, ``images_sent``: so far."""

    series_id: int
    filename: str
    auto: bool
    frames: int
    header_pending: bool
    msg_number_base: Optional[int]
    first_frame_number: Optional[int]
    highest_frame_number: Optional[int]
    images_sent: int
    complete: int
    marked: int
    discarded: int
    ports: List[Receiving]


class Status(TypedDict):
    """What the service does: ``state`` idle, open or closing; ``message`` a sentence; ``problems`` what is wrong."""

    state: str
    message: str
    problems: List[str]
    consumers: int
    data_sockets: List[Dict[str, Any]]
    preview: Optional[Dict[str, Any]]
    end_pending: bool
    next_msg_number: int
    frames_stride: int
    frames_offset: int
    series: Optional[Series]
    last_series: Optional[Summary]


class Opened(TypedDict):
    """A series that is open: the detector may be started. ``shape`` (rows, columns) and ``type`` of its images.

    ``warnings``: what nothing is refused for, but what you should know: the file is that of an earlier series.
    """

    series_id: int
    msg_number: Optional[int]
    header_pending: bool
    state: str
    shape: List[int]
    type: str
    warnings: List[str]


class Frame(NamedTuple):
    """An image. ``header``: its message's first part. ``pixels``: numpy array of that shape, or bytes without numpy."""

    header: Dict[str, Any]
    pixels: Union[bytes, Any]

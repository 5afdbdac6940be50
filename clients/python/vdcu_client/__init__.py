"""Client of the Virtual DCU's HTTP interface. The core needs nothing but Python's standard library.

Devices: ``vdcu_client.tango`` (needs PyTango), ``vdcu_client.ophyd`` (needs ophyd-async).
"""

from .answers import Frame, Opened, PortLedger, Receiving, Record, Series, Status, Summary
from .client import Vdcu
from .errors import Refused, SeriesFailed, TimedOut, Unreachable, VdcuError
from .receiver import Receiver, ReceiverFailed

__all__ = [
    "Frame",
    "Opened",
    "PortLedger",
    "Receiver",
    "ReceiverFailed",
    "Receiving",
    "Record",
    "Refused",
    "Series",
    "SeriesFailed",
    "Status",
    "Summary",
    "TimedOut",
    "Unreachable",
    "Vdcu",
    "VdcuError",
]

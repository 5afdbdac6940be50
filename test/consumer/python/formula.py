"""What an Eiger quad of 16 bit should look like: the simulator's formula (docs/simulator.md) and the quad's geometry, in numpy alone.

Nothing here comes from the service or the simulator: a mistake that these two share would be seen.
"""

import numpy as np

ROWS, COLUMNS = 256, 512
SHAPE = (514, 514)
MISSING = 0xFFFF
PACKETS = 64
ROWS_PER_PACKET = ROWS // PACKETS


def _mix(x):
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def port_image(frame_number, port):
    """Pixels as the detector sends them: uint16 [256, 512]."""
    low = np.array([frame_number & 0xFFFFFFFF], np.uint32)
    high = np.array([((frame_number >> 32) * 0x9E3779B1 + port + 1) & 0xFFFFFFFF], np.uint32)
    seed = _mix(low ^ _mix(high))
    line = _mix(seed + np.arange(ROWS, dtype=np.uint32) * np.uint32(0x85EBCA77))
    x = line[:, None] + np.arange(COLUMNS, dtype=np.uint32)[None, :] * np.uint32(0x9E3779B1)
    return (((x ^ (x >> np.uint32(15))) * np.uint32(0xC2B2AE3D)) >> np.uint32(16)).astype(np.uint16)


def frame(frame_number, missing=None, udp_ports=(), seen=None):
    """The stitched frame, uint16 [514, 514]. `missing`: the field of the image message.

    A frame of which nothing came may be MISSING everywhere, gaps included; whether it is, one gap pixel of `seen` tells.
    """
    images = [port_image(frame_number, port) for port in (0, 1)]
    gone = 0
    for port, udp_port in enumerate(udp_ports):
        for first, last in (missing or {}).get(str(udp_port), []):
            images[port][first * ROWS_PER_PACKET:(last + 1) * ROWS_PER_PACKET] = MISSING
            gone += last - first + 1
    if gone == 2 * PACKETS and seen is not None and seen[256, 256] == MISSING:
        return np.full(SHAPE, MISSING, np.uint16)
    out = np.zeros(SHAPE, np.uint16)
    lower, upper = images[0], images[1][::-1]
    for top, image in ((0, upper), (258, lower)):
        out[top:top + 256, 0:256] = image[:, :256]
        out[top:top + 256, 258:514] = image[:, 256:]
    return out

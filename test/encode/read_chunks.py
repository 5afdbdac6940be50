"""Reads chunks with a decoder that nobody here wrote, and compares. Arguments: which decoder, folder with list.json."""

import json
import pathlib
import sys

import numpy

reader, folder = sys.argv[1], pathlib.Path(sys.argv[2])


def unpack(chunk: bytes, shape: tuple[int, ...], dtype: numpy.dtype, index: int) -> numpy.ndarray:
    if reader == "hdf5plugin":
        import h5py
        import hdf5plugin

        with h5py.File(folder / "chunk.h5", "w") as file:
            data = file.create_dataset("data", shape, dtype, chunks=shape, **hdf5plugin.Bitshuffle())
            data.id.write_direct_chunk((0,) * len(shape), chunk)
        with h5py.File(folder / "chunk.h5") as file:
            return file["data"][()]
    if reader == "bitshuffle":
        import bitshuffle

        # This package leaves the header to whoever calls it.
        block = int.from_bytes(chunk[8:12], "big") // dtype.itemsize
        return bitshuffle.decompress_lz4(numpy.frombuffer(chunk[12:], numpy.uint8), shape, dtype, block)
    from dectris.compression import decompress

    return numpy.frombuffer(decompress(chunk, "bslz4", elem_size=dtype.itemsize), dtype).reshape(shape)


images = json.loads((folder / "list.json").read_text())
for index, image in enumerate(images):
    dtype = numpy.dtype({1: "<u1", 2: "<u2", 4: "<u4"}[image["size"]])
    wanted = numpy.fromfile(folder / f"{index}.raw", dtype).reshape(image["shape"])
    chunk = (folder / f"{index}.chunk").read_bytes()
    seen = unpack(chunk, tuple(image["shape"]), dtype, index)
    if not numpy.array_equal(seen, wanted):
        sys.exit(f"{image['name']}: {int((seen != wanted).sum())} wrong pixels")
print(len(images), "read")

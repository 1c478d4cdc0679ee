"""Writes the HDF5 files beside it, which the tests of the importer read. Needs h5py; written with 3.16.

    python3 make.py

`events.h5` has the layout of old versions of HDF5, `latest.h5` that of new ones. Both hold 20 events with 4 features, all exact in 32 bits:
feature j of event i is ((7 i + 3 j) mod 13 - 6) / 4, the label is 1 where i mod 3 = 0, the weight is (i mod 5 + 1) / 8.
"""

from pathlib import Path

import h5py
import numpy as np

i = np.arange(20)
data = ((7 * i[:, None] + 3 * np.arange(4)) % 13 - 6) / 4
label = (i % 3 == 0).astype(np.int64)
weight = (i % 5 + 1) / 8

for name, version in [("events.h5", "earliest"), ("latest.h5", "latest")]:
    with h5py.File(Path(__file__).parent / name, "w", libver=version) as file:
        # The authors' names; Caffe reads 32-bit floats.
        file["data"] = data.astype(np.float32)
        file["label"] = label.astype(np.float32)
        # The same in other types, shapes and orders.
        file["more/data"] = data.astype(">f8")
        file["more/label"] = label[:, None]
        file["more/weight"] = weight.astype(np.float32)
        file.create_dataset("packed/data", data=data, chunks=(6, 3), compression="gzip", shuffle=True)
        file.create_dataset("packed/label", data=label.astype(np.uint8), chunks=(7,), compression="lzf")
        # What cannot be used.
        file["bad/cube"] = data.reshape(20, 2, 2).astype(np.float32)
        file["bad/short"] = label[:19].astype(np.float32)
        file["bad/wide"] = np.stack([label, label], axis=1)
        file["bad/two"] = np.where(i == 7, 2, label)
        file["bad/nan"] = np.where((i == 5)[:, None] & (np.arange(4) == 2), np.nan, data)
        file["bad/bool"] = label.astype(bool)
        file["bad/text"] = np.array([b"s", b"b"] * 10)
        file["bad/none"] = np.zeros((0, 4), np.float32)
        file["bad/none-label"] = np.zeros(0, np.float32)
        file["bad/scalar"] = 1.0

"""Writes two images as Python 3 and numpy pickle CIFAR's dictionaries. Run with Python 3.11 and numpy 2.4: python3 python3.py"""

import pickle

import numpy

data = numpy.array([[(n * n * 31 + i * 7 + i * i // 5) % 256 for i in range(3072)] for n in range(2)], dtype=numpy.uint8)
batch = {b"batch_label": b"testing", b"labels": [3, 9], b"data": data, b"filenames": [b"a.png", b"b.png"]}
for protocol in range(6):
    with open(f"python3-protocol{protocol}.pickle", "wb") as file:
        pickle.dump(batch, file, protocol=protocol)

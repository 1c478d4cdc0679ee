"""Writes the same images as Python 2's cPickle, which the authors used. Run with Python 2.7: python2 python2.py

No numpy is needed: these classes are taken apart as numpy's are, into the same calls with the same arguments."""

import cPickle
import sys
import types


def module(name):
    sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


numpy, core, multiarray = module("numpy"), module("numpy.core"), module("numpy.core.multiarray")
numpy.core, core.multiarray = core, multiarray
data = "".join(chr((n * n * 31 + i * 7 + i * i // 5) % 256) for n in range(2) for i in range(3072))


def _reconstruct(kind, shape, code):
    pass


class dtype(object):
    def __reduce__(self):
        return dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)


class ndarray(object):
    def __reduce__(self):
        return _reconstruct, (ndarray, (0,), "b"), (1, (2, 3072), dtype(), False, data)


_reconstruct.__module__, multiarray._reconstruct = "numpy.core.multiarray", _reconstruct
dtype.__module__, numpy.dtype = "numpy", dtype
ndarray.__module__, numpy.ndarray = "numpy", ndarray

batch = {"batch_label": "testing", "labels": [3, 9], "data": ndarray(), "filenames": ["a.png", "b.png"]}
for protocol in range(3):
    with open("python2-protocol%d.pickle" % protocol, "wb") as file:
        cPickle.dump(batch, file, protocol)

"""One training step of the paper's CIFAR networks in PyTorch, float64: what tests/pytorch_step.rs compares with.

    python -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python apl-vision/tests/pytorch_step.py apl-vision/tests/pytorch_step.json

Everything random comes from integer hashes that are exact in float64, so both sides make the same numbers; dropout masks come from Philox4x32-10 as
documented in apl_core::random, written out here with numpy. From every tensor of gradients the file keeps its 1-, 2- and maximum norm, 64 entries and
4 products with vectors of +1 and -1; from the new values and velocities the same products.
"""

import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

BATCH, SEED, STEP = 4, 5, 0x0001_0000_0007
RATE, MOMENTUM, DECAY = 0.01, 0.5, 0.001
ENTRIES, PRODUCTS = 64, 4
MARGIN = 1e-6
SCALES = {"bias": 0.25, "slopes": 0.5, "offsets": 1.0, "velocity": 0.01, "input": 1.0}
INPUT, LABELS, VELOCITY, ENTRY, PRODUCT = 1000, 1001, 2000, 3000, 4000
CASES = [
    {"name": "cifar10-apl", "classes": 10, "second-pool": "average", "hinges": 5, "sharing": "unit"},
    {"name": "cifar100-apl", "classes": 100, "second-pool": "max", "hinges": 2, "sharing": "channel"},
    {"name": "cifar10-relu", "classes": 10, "second-pool": "average", "hinges": 0, "sharing": None},
]


def mix(x):
    """The finaliser of MurmurHash3, 32 bits."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def hashes(number, count):
    """`count` 32-bit hashes; `number` says which tensor they are for."""
    key = mix(np.array([number], dtype=np.uint32))
    return mix(np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) ^ key)


def values(number, shape, scale):
    """Numbers in [-scale, scale): the hash over 2^31, less 1, times the scale."""
    unit = hashes(number, math.prod(shape)).astype(np.float64) / 2.0**31 - 1.0
    return torch.from_numpy(scale * unit).reshape(shape)


def philox(counter, key):
    """Philox4x32-10 of four uint64 arrays that hold 32-bit words."""
    low = np.uint64(0xFFFFFFFF)
    c, k = [np.asarray(w, dtype=np.uint64) for w in counter], [int(w) for w in key]
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (second >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]),
            second & low,
            (first >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]),
            first & low,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def mask(rate, number, shape):
    """Dropout: element i reads byte i mod 16 of block i / 16, little-endian words; below 256 rate is dropped, the rest scaled."""
    count = math.prod(shape)
    block = np.arange((count + 15) // 16, dtype=np.uint64)
    step = [np.full_like(block, STEP & 0xFFFFFFFF), np.full_like(block, STEP >> 32)]
    words = philox([block & np.uint64(0xFFFFFFFF), block >> np.uint64(32), *step], [SEED, 4 << 24 | number])
    octets = np.stack(words, axis=1).astype("<u4").view(np.uint8).reshape(-1)[:count]
    threshold = round(256 * rate)
    kept = (octets >= threshold).astype(np.float64) * (256 / (256 - threshold))
    return torch.from_numpy(kept).reshape(shape)


def check_philox():
    """Known answers of Random123 (kat_vectors)."""
    table = [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ]
    for counter, key, expected in table:
        assert [int(w[0]) for w in philox([[word] for word in counter], key)] == expected


class Network:
    """The network of a case, its parameters by name, and how near its inputs came to a kink or a tie."""

    def __init__(self, case, salt):
        self.case, self.salt = case, salt
        self.kink = self.tie = math.inf
        self.parameters = {}
        units = [(96, 32, 32), (128, 16, 16), (256, 8, 8), (2048,), (2048,)]
        layers = [("conv1", 3), ("conv2", 96), ("conv3", 128), ("ip1", 4096), ("ip2", 2048)]
        for i, ((layer, inputs), unit) in enumerate(zip(layers, units)):
            kernel = (5, 5) if layer.startswith("conv") else ()
            self.parameter(f"{layer}.weight", (unit[0], inputs, *kernel))
            self.parameter(f"{layer}.bias", (unit[0],))
            if case["hinges"]:
                own = unit if case["sharing"] == "unit" else unit[:1]
                self.parameter(f"act{i + 1}.slopes", (case["hinges"], *own))
                self.parameter(f"act{i + 1}.offsets", (case["hinges"], *own))
        self.parameter("ip3.weight", (case["classes"], 2048))
        self.parameter("ip3.bias", (case["classes"],))

    def number(self, number):
        return number + 100_000 * self.salt

    def parameter(self, name, shape):
        layer, role = name.split(".")
        scale = math.sqrt(6.0 / math.prod(shape[1:])) if role == "weight" else SCALES[role]
        if layer == "ip3":
            scale /= 8  # so that no class has all the probability
        tensor = values(self.number(len(self.parameters)), shape, scale)
        self.parameters[name] = tensor.requires_grad_()

    def activation(self, name, x):
        h = torch.relu(x)
        self.kink = min(self.kink, x.detach().abs().min().item())
        if self.case["hinges"]:
            slopes, offsets = self.parameters[f"{name}.slopes"], self.parameters[f"{name}.offsets"]
            for a, b in zip(slopes, offsets):
                if self.case["sharing"] == "channel":
                    a, b = (p.reshape(-1, *[1] * (x.dim() - 2)) for p in (a, b))
                h = h + a * torch.relu(b - x)
                self.kink = min(self.kink, (x - b).detach().abs().min().item())
        return h

    def pool(self, kind, x):
        """3 by 3, stride 2, ceil mode; compared with the cells of every window one by one."""
        seen = F.pad(x.detach(), (0, 1, 0, 1), value=-math.inf).unfold(2, 3, 2).unfold(3, 3, 2)
        seen = seen.flatten(4)
        if kind == "max":
            y = F.max_pool2d(x, 3, 2, ceil_mode=True)
            expected = seen.max(-1).values
            best = seen.topk(2).values
            # Equal zeros are dropped elements (or, behind a ReLU, inactive ones): no gradient passes either way.
            gaps = (best[..., 0] - best[..., 1])[(best != 0).any(-1)]
            self.tie = min(self.tie, gaps.min().item())
        else:
            y = F.avg_pool2d(x, 3, 2, ceil_mode=True, count_include_pad=False)
            inside = seen > -math.inf
            expected = torch.where(inside, seen, 0).sum(-1) / inside.sum(-1)
        assert y.shape == expected.shape and (y - expected).abs().max() < 1e-13
        return y

    def forward(self, x, numbers=range(8)):
        """The scores; `numbers` are those of the dropout layers in order."""
        p, numbers = self.parameters, iter(numbers)

        def drop(x, rate):
            return x * mask(rate, next(numbers), tuple(x.shape))

        for i, (pool, rate) in enumerate([("max", 0.25), (self.case["second-pool"], 0.25), ("average", 0.5)], 1):
            x = F.conv2d(x, p[f"conv{i}.weight"], p[f"conv{i}.bias"], padding=2)
            x = drop(self.activation(f"act{i}", x), 0.25)
            x = drop(self.pool(pool, x), rate)
        x = x.flatten(1)
        for i in (1, 2):
            x = F.linear(x, p[f"ip{i}.weight"], p[f"ip{i}.bias"])
            x = drop(self.activation(f"act{i + 3}", x), 0.5)
        return F.linear(x, p["ip3.weight"], p["ip3.bias"])

    def batch(self):
        x = values(self.number(INPUT), (BATCH, 3, 32, 32), SCALES["input"])
        labels = hashes(self.number(LABELS), BATCH).astype(np.int64) % self.case["classes"]
        return x, torch.from_numpy(labels)


def products(number, tensor):
    """Sums with signs: minus where the top bit of the hash is set."""
    flat = tensor.detach().reshape(-1).numpy()
    signs = [hashes(PRODUCT + PRODUCTS * number + k, flat.size) >> np.uint32(31) for k in range(PRODUCTS)]
    return [float(np.sum(np.where(sign == 1, -flat, flat))) for sign in signs]


def record(network, number, name):
    parameter = network.parameters[name]
    gradient = parameter.grad.reshape(-1).numpy()
    indices = hashes(ENTRY + number, ENTRIES) % np.uint32(gradient.size)
    velocity = values(network.number(VELOCITY + number), tuple(parameter.shape), SCALES["velocity"])
    new_velocity = MOMENTUM * velocity + RATE * (parameter.grad + DECAY * parameter.detach())
    return {
        "name": name,
        "shape": list(parameter.shape),
        "l1": float(np.abs(gradient).sum()),
        "l2": float(np.sqrt((gradient**2).sum())),
        "max": float(np.abs(gradient).max()),
        "entries": gradient[indices].tolist(),
        "products": products(number, parameter.grad),
        "new-velocity": products(number, new_velocity),
        "new-value": products(number, parameter.detach() - new_velocity),
    }


def run(case):
    """The first salt that keeps every pre-activation off the kinks and every maximum clear."""
    for salt in range(1000):
        network = Network(case, salt)
        x, labels = network.batch()
        scores = network.forward(x)
        if min(network.kink, network.tie) > MARGIN:
            break
    loss = F.cross_entropy(scores, labels)
    loss.backward()
    with torch.no_grad():
        swapped = F.cross_entropy(network.forward(x, [0, 1, 2, 3, 4, 5, 7, 6]), labels)
    print(case["name"], "salt", salt, "kink", network.kink, "tie", network.tie, "loss", loss.item())
    return {
        **case,
        "salt": salt,
        "nearest-kink": network.kink,
        "nearest-tie": network.tie,
        "scores": scores.detach().reshape(-1).tolist(),
        "loss": loss.item(),
        "loss-with-dropout-6-and-7-swapped": swapped.item(),
        "tensors": [record(network, i, name) for i, name in enumerate(network.parameters)],
    }


def main(path):
    check_philox()
    torch.set_default_dtype(torch.float64)
    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": np.__version__}
    print(versions)
    document = {
        "versions": versions,
        "batch": BATCH,
        "seed": SEED,
        "step": STEP,
        "rate": RATE,
        "momentum": MOMENTUM,
        "decay": DECAY,
        "cases": [run(case) for case in CASES],
    }
    text = json.dumps(document, indent=1)
    with open(path, "w") as file:
        file.write(compact(text))


def compact(text):
    """A list of numbers on one line."""
    lines, inside = [], False
    for line in text.splitlines():
        if inside:
            lines[-1] += line.strip()
        else:
            lines.append(line)
        inside = inside and line.strip() not in ("]", "],")
        if line.endswith("[") and not line.endswith(('"cases": [', '"tensors": [')):
            inside = True
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(sys.argv[1])

"""Areas under ROC curves, Asimov's significances and profile likelihoods by other programs: what the tests of apl_higgs::metrics compare with.

    python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 pyhf==0.7.6 mpmath==1.4.1
    venv/bin/python apl-higgs/src/metrics/reference/values.py apl-higgs/src/metrics/reference/values.json

Events come from integer hashes, and their scores and weights are exact in float32, so both sides make the same ones. Areas are scikit-learn's;
significances are the formulas as printed, in 80 digits with mpmath, the fit of the background found numerically; those of histograms also pyhf's.
"""

import json
import sys

import mpmath
import numpy as np
import pyhf
from mpmath import mpf
from sklearn.metrics import roc_auc_score

AREAS = [
    {"number": 1, "count": 200, "levels": 1 << 20, "weighted": False},
    {"number": 2, "count": 1000, "levels": 16, "weighted": False},
    {"number": 3, "count": 1000, "levels": 64, "weighted": True},
    {"number": 4, "count": 5000, "levels": 1 << 20, "weighted": True},
    {"number": 5, "count": 50, "levels": 2, "weighted": True},
    {"number": 6, "count": 20000, "levels": 1000, "weighted": False},
]
SIGNALS = [1e-9, 1e-3, 0.7, 30.0, 100.0, 1e5]
BACKGROUNDS = [1e-12, 1e-3, 1.3, 50.0, 5000.0, 1e8]
UNCERTAINTIES = [0.0, 1e-12, 1e-5, 0.05, 1.0]
FALLING = [float(f"{100 * 0.3 * 0.7**i:.6f}") for i in range(20)]
HISTOGRAMS = [
    # The first 20 bins are the paper's experiment with a network of about its power.
    {"signal": FALLING, "background": [250.0] * 20, "uncertainty": 0.05},
    {"signal": FALLING, "background": [250.0] * 20, "uncertainty": 0.001},
    {"signal": [100.0], "background": [5000.0], "uncertainty": 0.05},
    {"signal": [40.0, 60.0], "background": [50.0, 4950.0], "uncertainty": 0.05},
    {"signal": [3.0, 0.0, 0.5], "background": [1.5, 12.0, 40.25], "uncertainty": 0.3},
    {"signal": [10.0, 5.0, 2.0, 1.0], "background": [0.01, 1.0, 10.0, 100.0], "uncertainty": 0.1},
    {"signal": [20.0, 20.0], "background": [100.0, 100.0], "uncertainty": 0.05},
    {"signal": [1.0, 200.0], "background": [30.0, 100.0], "uncertainty": 1.0},
]
# Beyond what a fit in doubles can resolve or pyhf's bounds of the pull allow.
EXTREME = [
    {"signal": [1e-4, 2e-4], "background": [3.0, 5000.0], "uncertainty": 0.05},
    {"signal": [1e-7, 2e-9], "background": [1e-3, 1e7], "uncertainty": 0.2},
    {"signal": [1e4, 1e3], "background": [1e-6, 10.0], "uncertainty": 0.05},
    {"signal": [50.0, 50.0], "background": [100.0, 4900.0], "uncertainty": 0.0},
    {"signal": [50.0, 50.0], "background": [100.0, 4900.0], "uncertainty": 1e-12},
]


def mix(x):
    """The finaliser of MurmurHash3, 32 bits."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def hashes(number, count):
    """`count` 32-bit hashes; `number` says what they are for."""
    key = mix(np.array([number], dtype=np.uint32))
    return mix(np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) ^ key)


def area(case):
    number, count, levels = 10 * case["number"], case["count"], case["levels"]
    labels = (hashes(number, count) % 4 == 0).astype(np.int64)
    scores = (hashes(number + 1, count) % levels + labels * (levels // 4)) / 1024 - 3
    weights = hashes(number + 2, count) % 64 / 16
    return roc_auc_score(labels, scores, sample_weight=weights if case["weighted"] else None)


def asimov(s, b, relative):
    s, b, relative = mpf(s), mpf(b), mpf(relative)
    if relative == 0:
        return mpmath.sqrt(2 * ((s + b) * mpmath.log(1 + s / b) - s))
    v = (relative * b) ** 2
    first = (s + b) * mpmath.log((s + b) * (b + v) / (b**2 + (s + b) * v))
    return mpmath.sqrt(2 * (first - b**2 / v * mpmath.log(1 + v * s / (b * (b + v)))))


def likelihood(case):
    s, b = [[mpf(x) for x in case[key]] for key in ("signal", "background")]
    d = mpf(case["uncertainty"])
    n = [x + y for x, y in zip(s, b)]

    def log(mu, pull):
        means = [mu * x + y * (1 + d * pull) for x, y in zip(s, b)]
        return sum(k * mpmath.log(m) - m for k, m in zip(n, means)) - pull**2 / 2

    def slope(pull):
        return d * sum(n) / (1 + d * pull) - d * sum(b) - pull

    pull = mpmath.findroot(slope, (mpf(0), d * sum(s)), solver="anderson", tol=mpf(10) ** -150)
    return mpmath.sqrt(2 * (log(1, mpf(0)) - log(0, pull)))


def fitted(case):
    signal, background, d = case["signal"], case["background"], case["uncertainty"]
    both = {"hi_data": [b * (1 + d) for b in background], "lo_data": [b * (1 - d) for b in background]}
    samples = [
        {"name": "signal", "data": signal, "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {"name": "background", "data": background, "modifiers": [{"name": "a", "type": "histosys", "data": both}]},
    ]
    model = pyhf.Model({"channels": [{"name": "scores", "samples": samples}]})
    data = model.expected_data([1.0 if name == "mu" else 0.0 for name in model.config.par_order])
    config = model.config
    q0 = pyhf.infer.test_statistics.q0(
        0.0, data, model, config.suggested_init(), config.suggested_bounds(), config.suggested_fixed()
    )
    return float(q0) ** 0.5


mpmath.mp.dps = 80
pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-14, maxiter=1_000_000))
values = {
    "areas": [case | {"area": area(case)} for case in AREAS],
    "asimov": [
        [s, b, r, float(asimov(s, b, r))] for s in SIGNALS for b in BACKGROUNDS for r in UNCERTAINTIES
    ],
    "histograms": [case | {"z": float(likelihood(case)), "pyhf": fitted(case)} for case in HISTOGRAMS]
    + [case | {"z": float(likelihood(case)), "pyhf": None} for case in EXTREME],
}
lines = [f'"{key}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for key, rows in values.items()]
with open(sys.argv[1], "w") as file:
    file.write("{\n" + ",\n".join(lines) + "\n}\n")

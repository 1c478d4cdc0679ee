"""TensorBoard's own reader against the files of a run: what tests/tensorboard.rs runs.

    python -m venv venv && venv/bin/pip install tensorboard==2.21.0
    venv/bin/python tests/event_accumulator.py RUN MEASURE

Every scalar equals its line of metrics.jsonl as a float32; every histogram of slopes and offsets equals the parameters of its step, for which the
snapshots of the run must hold every unit; every histogram of outputs equals the recorded one.
"""

import json
import pathlib
import struct
import sys

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TYPES = {"F32": "<f4", "F64": "<f8", "U32": "<u4", "U64": "<u8"}


def arrays(path):
    """The arrays of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def expected_scalars(run, measure):
    """By tag, the steps and values that metrics.jsonl has."""
    scalars = {}
    for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
        values = {
            f"loss/{line['split']}": line["loss"],
            f"{measure}/{line['split']}": line["score"],
            "optimizer/lr": line["lr"],
            "optimizer/momentum": line["momentum"],
        }
        for tag, value in values.items():
            if value is not None:
                scalars.setdefault(tag, {})[line["step"]] = float(np.float32(value))
    return scalars


def check_parameters(histogram, values, what):
    """A histogram of these numbers, in buckets from the smallest to the largest."""
    values = np.sort(values.ravel().astype(np.float64))
    assert (histogram.min, histogram.max, histogram.num) == (values[0], values[-1], values.size), what
    assert np.isclose(histogram.sum, values.sum(), rtol=1e-12, atol=1e-9), what
    assert np.isclose(histogram.sum_squares, (values**2).sum(), rtol=1e-12, atol=1e-9), what
    limits, below = np.array(histogram.bucket_limit), np.cumsum(histogram.bucket)
    assert limits[-1] == values[-1] and below[-1] == values.size, what
    # A value on an edge may lie on either side of it.
    slack = 1e-12 * (values[-1] - values[0])
    assert (np.searchsorted(values, limits - slack) <= below).all(), what
    assert (below[:-1] <= np.searchsorted(values, limits[:-1] + slack)).all(), what


def check_outputs(histogram, recorded, what):
    """A recorded histogram: its ends, values outside, mean, deviation and counts."""
    low, high, below, above, mean, deviation = recorded[:6]
    counts = recorded[6:].copy()
    counts[0] += below
    counts[-1] += above
    assert (histogram.min, histogram.max, histogram.num) == (low, high, counts.sum()), what
    assert list(histogram.bucket) == list(counts), what
    assert np.allclose(histogram.bucket_limit, np.linspace(low, high, counts.size + 1)[1:], rtol=1e-12), what
    assert np.isclose(histogram.sum, mean * counts.sum()), what
    assert np.isclose(histogram.sum_squares, (mean**2 + deviation**2) * counts.sum()), what


def main(run, measure):
    accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0, "histograms": 0})
    accumulator.Reload()
    tags = accumulator.Tags()

    scalars = {tag: {e.step: e.value for e in accumulator.Scalars(tag)} for tag in tags["scalars"]}
    assert scalars == expected_scalars(run, measure), (scalars, expected_scalars(run, measure))

    snapshots, activations = arrays(run / "snapshots.safetensors"), arrays(run / "activations.safetensors")
    steps = [int(step) for step in snapshots["steps"]]
    evaluated = {0, *scalars["loss/test"]}
    layers = {name.removesuffix(".outputs.before") for name in activations if name.endswith(".outputs.before")}
    names, compared = set(), 0
    for layer in sorted(layers):
        kinds = {"outputs": {0, steps[-1]}}
        if f"{layer}.slopes.before" in activations:
            kinds |= {"a": evaluated, "b": evaluated}
        for kind, expected in kinds.items():
            tag = f"{layer}/{kind}"
            events = accumulator.Histograms(tag)
            assert {event.step for event in events} == expected and len(events) == len(expected), tag
            for event in events:
                what = f"{tag} at step {event.step}"
                histogram = event.histogram_value
                if kind == "outputs":
                    moment = "before" if event.step == 0 else "after"
                    check_outputs(histogram, activations[f"{tag.replace('/', '.')}.{moment}"], what)
                else:
                    kept = snapshots[f"{layer}.{'slopes' if kind == 'a' else 'offsets'}"]
                    check_parameters(histogram, kept[steps.index(event.step)], what)
                compared += 1
            names.add(tag)
    assert set(tags["histograms"]) == names, (tags["histograms"], names)

    count = sum(map(len, scalars.values()))
    print(
        f"{run.parent.name}: {count} scalars of {len(scalars)} tags ({', '.join(sorted(scalars))}) "
        f"and {compared} histograms of {len(names)} tags of {len(layers)} layers: all equal"
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])

"""One network of the paper in PyTorch, for `apl bench --peer pytorch`: does training steps when told to and sleeps otherwise.

    python steps.py NETWORK FORM THREADS [DEVICE [ARITHMETIC]]

NETWORK is cnn-relu, cnn-apl, nin-relu, nin-apl, higgs-relu or higgs-apl; FORM eager, channels-last, compile, compile-channels-last or, on a GPU, graphs or
graphs-channels-last (torch.compile, and the whole step captured as one CUDA graph); DEVICE cpu, cuda or cuda:N; ARITHMETIC f32 (no TF32), tf32 or bf16
(autocast). Batch 100, made-up inputs. On a GPU cuDNN measures its algorithms and takes the fastest. It builds the network and trains a few steps, then
answers each line of standard input by one line of JSON: `steps N` by the seconds of N steps (forward, loss, backward, update), `reset` and `peak` by the
most memory that was resident since the reset, in bytes.
"""

import json
import os
import sys
import time

DEVICE = sys.argv[4] if len(sys.argv) > 4 else "cpu"
ARITHMETIC = sys.argv[5] if len(sys.argv) > 5 else "f32"
if DEVICE == "cpu":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
import torch.nn.functional as F
from torch import nn

torch.backends.cudnn.benchmark = True
# PyTorch's own default lets convolutions round to TF32.
torch.backends.cudnn.allow_tf32 = ARITHMETIC == "tf32"
torch.backends.cuda.matmul.allow_tf32 = ARITHMETIC == "tf32"

BATCH = 100
WARM_UP = 3
# Steps that a GPU does between two looks at the clock.
BLOCK = 10


class Apl(nn.Module):
    """h(x) = max(0, x) + sum_s a_s max(0, -x + b_s), with parameters of every unit's own."""

    def __init__(self, hinges, unit):
        super().__init__()
        self.a = nn.Parameter(torch.empty(hinges, *unit).uniform_(-0.5 / hinges, 0.5 / hinges))
        self.b = nn.Parameter(torch.randn(hinges, *unit) * 0.5)

    def forward(self, x):
        h = torch.relu(x)
        for a, b in zip(self.a, self.b):
            h = h + a * torch.relu(b - x)
        return h


def activation(hinges, unit):
    return Apl(hinges, unit) if hinges else nn.ReLU(inplace=True)


def normal(layer, deviation):
    nn.init.normal_(layer.weight, std=deviation)
    nn.init.zeros_(layer.bias)
    return layer


def average_pool():
    return nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False)


def max_pool():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def cnn(hinges):
    layers, channels, side = [], 3, 32
    for width, pool, rate in [(96, max_pool(), 0.25), (128, average_pool(), 0.25), (256, average_pool(), 0.5)]:
        layers += [normal(nn.Conv2d(channels, width, 5, padding=2), 0.05), activation(hinges, (width, side, side))]
        layers += [nn.Dropout(0.25), pool, nn.Dropout(rate)]
        channels, side = width, side // 2
    layers += [nn.Flatten()]
    for inputs in (4096, 2048):
        layers += [normal(nn.Linear(inputs, 2048), 0.01), activation(hinges, (2048,)), nn.Dropout(0.5)]
    return nn.Sequential(*layers, normal(nn.Linear(2048, 10), 0.01))


def nin(hinges):
    layers, channels, side = [], 3, 32
    blocks = [
        [(5, 192), (1, 160), (1, 96), max_pool()],
        [(5, 192), (1, 192), (1, 192), average_pool()],
        [(3, 192), (1, 192), (1, 10), nn.AvgPool2d(8, 1)],
    ]
    for number, (*convolutions, pool) in enumerate(blocks):
        for kernel, width in convolutions:
            layers += [normal(nn.Conv2d(channels, width, kernel, padding=kernel // 2), 0.05)]
            layers += [activation(hinges, (width, side, side))]
            channels = width
        layers += [pool]
        if number < 2:
            layers += [nn.Dropout(0.5)]
        side //= 2
    return nn.Sequential(*layers, nn.Flatten())


def higgs(hinges):
    layers, inputs = [], 25
    for number in range(1, 8):
        layers += [normal(nn.Linear(inputs, 274), 0.1), activation(hinges, (274,))]
        layers += {6: [nn.Dropout(0.25)], 7: [nn.Dropout(0.5)]}.get(number, [])
        inputs = 274
    return nn.Sequential(*layers, normal(nn.Linear(inputs, 1), 0.001))


def optimizer(network, name):
    """The paper's momentum and decay; `fused` updates all parameters in one call."""
    if name == "higgs":
        activations = [p for m in network.modules() if isinstance(m, Apl) for p in m.parameters()]
        known = {id(p) for p in activations}
        groups = [{"params": [p for p in network.parameters() if id(p) not in known], "weight_decay": 0.0}]
        groups += [{"params": activations, "weight_decay": 0.001}] if activations else []
        return torch.optim.SGD(groups, lr=0.006, momentum=0.5, fused=True)
    decay = {"cnn": 0.001, "nin": 0.0001}[name]
    return torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.5, weight_decay=decay, fused=True)


def make_step(network_name, form):
    name, kind = network_name.split("-")
    hinges = {"relu": 0, "apl": 5 if name == "cnn" else 2}[kind]
    torch.manual_seed(1)
    network = {"cnn": cnn, "nin": nin, "higgs": higgs}[name](hinges).to(DEVICE)
    if name == "higgs":
        inputs, targets = torch.randn(BATCH, 25), (torch.rand(BATCH, 1) > 0.5).float()
        loss_of = F.binary_cross_entropy_with_logits
    else:
        inputs, targets = torch.randn(BATCH, 3, 32, 32), torch.randint(0, 10, (BATCH,))
        loss_of = F.cross_entropy
    inputs, targets = inputs.to(DEVICE), targets.to(DEVICE)
    if form.endswith("channels-last"):
        network, inputs = keep_channels_last(network), inputs.to(memory_format=torch.channels_last)
    update = optimizer(network, name)

    def loss_from(inputs, targets):
        with torch.autocast("cuda", torch.bfloat16, enabled=ARITHMETIC == "bf16"):
            return loss_of(network(inputs), targets)

    if form.startswith(("compile", "graphs")):
        loss_from = torch.compile(loss_from)

    def step():
        update.zero_grad(set_to_none=True)
        loss = loss_from(inputs, targets)
        loss.backward()
        update.step()
        # A GPU is not waited for after every step.
        return loss.item() if DEVICE == "cpu" else None

    return captured(step) if form.startswith("graphs") else step


def captured(step):
    """The step as one CUDA graph."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def timed(step, count):
    """The seconds of each step; on a GPU the mean of blocks."""
    block = 1 if DEVICE == "cpu" else BLOCK
    seconds = []
    while len(seconds) < count:
        steps = min(block, count - len(seconds))
        start = time.perf_counter()
        for _ in range(steps):
            step()
        if DEVICE != "cpu":
            torch.cuda.synchronize(DEVICE)
        seconds += [(time.perf_counter() - start) / steps] * steps
    return seconds


def keep_channels_last(network):
    """Weights of convolutions and slopes and offsets of maps: all that has four dimensions."""
    return network.to(memory_format=torch.channels_last)


def peak():
    """VmHWM in bytes."""
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def answer(**values):
    print(json.dumps(values), flush=True)


def main(network, form, threads):
    torch.set_num_threads(threads)
    step = make_step(network, form)
    for _ in range(WARM_UP):
        step()
    answer(version=torch.__version__)
    for line in sys.stdin:
        command, *count = line.split()
        if command == "steps":
            answer(seconds=timed(step, int(count[0])))
        elif command == "reset":
            reset_peak()
            answer()
        elif command == "peak":
            answer(peak=peak())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

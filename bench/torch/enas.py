"""Twins of ENAS' shared-weight networks (Pham et al. 2018): one child a call, as functions of weights by name.

A weight whose name holds `.of<n>.` has n values, one for each state that its edge can read.
"""

import torch
from torch.nn import functional as F

MICRO_OPERATIONS = ["sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "skip_connect"]
MACRO_OPERATIONS = ["conv_3x3", "sep_conv_3x3", "conv_5x5", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3"]
MICRO_NODES = 5
CELL_PATH = 4 * MICRO_NODES + MICRO_NODES + 1


class Child:
    """Layers over the shared weights; batch norm has the minibatch's statistics."""

    def __init__(self, weights):
        self.weights = weights

    def of(self, name, row=None):
        weight = self.weights[f"{name}.weight"]
        return weight if row is None else weight[row]

    def bn(self, x, name, row=None, eps=1e-5):
        offset = self.weights[f"{name}.bias"]
        offset = offset if row is None else offset[row]
        return F.batch_norm(x, None, None, self.of(name, row), offset, training=True, eps=eps)

    def conv(self, x, name, row=None, **options):
        return F.conv2d(x, self.of(name, row), **options)

    def relu_conv(self, x, name, kernel=1):
        return self.bn(self.conv(F.relu(x), f"{name}.conv", padding=kernel // 2), f"{name}.bn")

    def separable(self, x, name, kernel, row=None):
        h = self.conv(x, f"{name}.depthwise", row, padding=kernel // 2, groups=x.shape[1])
        return self.conv(h, f"{name}.pointwise", row)

    def reduce(self, x, name):
        halves = [self.conv(x, f"{name}.conv_1", stride=2), self.conv(x[:, :, 1:, 1:], f"{name}.conv_2", stride=2)]
        return self.bn(torch.cat(halves, 1), f"{name}.bn")

    def pool(self, x, operation):
        if operation == "max_pool_3x3":
            return F.max_pool2d(x, 3, 1, 1)
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def classify(self, x):
        return self.conv(x.mean((2, 3), keepdim=True), "classifier").flatten(1)


def micro_edge(child, x, operation, name, states, row):
    if operation == "skip_connect":
        return x
    if "pool" in operation:
        return child.pool(x, operation)
    kernel = 3 if operation == "sep_conv_3x3" else 5
    for half in (0, 1):
        part = f"{name}.{operation}.of{states}.{half}"
        x = child.bn(child.separable(F.relu(x), part, kernel, row), f"{part}.bn", row)
    return x


def micro_cell(child, s0, s1, name, filters, path):
    if s0.shape[2] != s1.shape[2]:
        s0 = child.reduce(F.relu(s0), f"{name}.in0")
    elif s0.shape[1] != filters:
        s0 = child.relu_conv(s0, f"{name}.in0")
    if s1.shape[1] != filters:
        s1 = child.relu_conv(s1, f"{name}.in1")
    states = [s0, s1]
    for node in range(MICRO_NODES):
        terms = []
        for edge in (2 * node, 2 * node + 1):
            row, operation = path[2 * edge], MICRO_OPERATIONS[path[2 * edge + 1]]
            terms.append(micro_edge(child, states[row], operation, f"{name}.edges.{edge}", len(states), row))
        states.append(terms[0] + terms[1])
    last = len(states) - 1
    used = [last, *(s for s in range(last) if path[4 * MICRO_NODES + s])]
    y = sum(child.conv(F.relu(states[s]), f"{name}.ends.{s}") for s in used)
    return child.bn(y, f"{name}.ends.bn")


def micro(weights, x, path, filters, cells):
    child = Child(weights)
    run = (cells - 2) // 3
    s0 = s1 = child.bn(child.conv(x, "stem.0", padding=1), "stem.1")
    for index in range(cells):
        name = f"cells.{index}"
        reduction = index in (run, 2 * run + 1)
        if reduction:
            filters *= 2
            s0, s1 = s1, child.reduce(s1, f"{name}.reduction")
        start = CELL_PATH if reduction else 0
        s0, s1 = s1, micro_cell(child, s0, s1, name, filters, path[start : start + CELL_PATH])
    return child.classify(F.relu(s1))


def macro(weights, x, path, _filters, depth):
    child = Child(weights)
    reductions = (depth // 3 - 1, 2 * (depth // 3) - 1)
    states = [child.bn(child.conv(x, "stem.0", padding=1), "stem.1")]
    for index in range(depth):
        name, at = f"layers.{index}", index * (index + 1) // 2
        operation = MACRO_OPERATIONS[path[at]]
        own = f"{name}.{operation}"
        y = F.relu(child.bn(child.conv(states[-1], f"{own}.in.conv"), f"{own}.in.bn"))
        if "pool" in operation:
            y = child.pool(y, operation)
        else:
            kernel = 3 if operation.endswith("3x3") else 5
            separable = "sep" in operation
            y = child.separable(y, own, kernel) if separable else child.conv(y, f"{own}.conv", padding=kernel // 2)
            y = F.relu(child.bn(y, f"{own}.bn", eps=1e-3))
        if index > 0:
            y = sum((states[source] for source in range(index) if path[at + 1 + source]), y)
            y = child.bn(y, f"{name}.skip.bn")
        states.append(y)
        if index in reductions:
            states = [child.reduce(s, f"reductions.{index}.{i}") for i, s in enumerate(states)]
    return child.classify(states[-1])


NETWORKS = {"enas-micro": micro, "enas-macro": macro}

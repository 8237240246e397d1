"""Training steps of the PyTorch twins: the same updates, in the same order, as this product's compiled steps.

Every program is built from a spec and the initial tensors that the product wrote (`weights/…`, `alphas/…`, `training/x`,
…; weights in PyTorch's layout, images [B, C, H, W]) and returns `step(i) -> loss`, the training minibatch's mean cross entropy.
"""

import torch
from enas import NETWORKS as ENAS_NETWORKS
from networks import FinalNetwork, Supernet
from torch.nn import functional as F

ALPHAS = ("normal", "reduce")
DIFFERENCE_RADIUS = 0.01


def load(network, tensors):
    """Sets all weights by name; buffers keep their initial values, which training does not read."""
    weights = {k.removeprefix("weights/"): v for k, v in tensors.items() if k.startswith("weights/")}
    result = network.load_state_dict(weights, strict=False)
    missing = [k for k in result.missing_keys if not k.endswith(("running_mean", "running_var", "num_batches_tracked"))]
    if missing or result.unexpected_keys:
        raise ValueError(f"weights missing: {missing}, unknown: {result.unexpected_keys}")
    return network


def batch(tensors, which, adapt):
    return adapt(tensors[f"{which}/x"]), tensors[f"{which}/y"].long()


def weight_optimizer(parameters, recipe):
    return torch.optim.SGD(
        parameters,
        recipe["learningRate"],
        momentum=recipe["momentum"],
        weight_decay=recipe["weightDecay"],
    )


def move_weights(parameters, optimizer, recipe, value):
    """Clipped SGD step by the gradient of `value`, a scalar, which it returns."""
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    torch.nn.utils.clip_grad_norm_(parameters, recipe["clipNorm"])
    optimizer.step()
    return value


def unrolled_gradient(weights, alphas, buffers, rate, momentum, decay, train_loss, valid_loss):
    """DARTS' second-order architecture gradient by central differences (Liu et al. 2019, eq. 6 to 8), in place.

    `buffers` are the optimiser's momenta, one a weight. Weights are as before when it returns.
    """
    before = [w.detach().clone() for w in weights]
    gradients = torch.autograd.grad(train_loss(), weights, allow_unused=True)
    with torch.no_grad():
        decayed = [w * decay if g is None else g + w * decay for g, w in zip(gradients, weights)]
        torch._foreach_add_(decayed, buffers, alpha=momentum)
        torch._foreach_add_(weights, decayed, alpha=-rate)
    both = torch.autograd.grad(valid_loss(), [*alphas, *weights], allow_unused=True)
    direct, direction = both[: len(alphas)], list(both[len(alphas) :])
    used = [(w, b, v) for w, b, v in zip(weights, before, direction) if v is not None]
    epsilon = DIFFERENCE_RADIUS / torch.linalg.vector_norm(
        torch.stack([torch.linalg.vector_norm(v) for _, _, v in used])
    )
    sides = []
    for sign in (1, -1):
        with torch.no_grad():
            for w, b in zip(weights, before):
                w.copy_(b)
            torch._foreach_add_([w for w, _, _ in used], torch._foreach_mul([v for _, _, v in used], sign * epsilon))
        sides.append(torch.autograd.grad(train_loss(), alphas))
    with torch.no_grad():
        for w, b in zip(weights, before):
            w.copy_(b)
        return [d - rate * (p - n) / (2 * epsilon) for d, p, n in zip(direct, *sides)]


def mixture(spec, tensors, adapt, compiled):
    network = adapt(load(Supernet(spec["channels"], spec["layers"], 10), tensors))
    alphas = [tensors[f"alphas/{kind}"].clone().requires_grad_() for kind in ALPHAS]

    def loss(x, y, normal, reduce):
        return F.cross_entropy(network(x, normal, reduce), y)

    return network, alphas, compiled(loss)


def alpha_optimizer(alphas, settings):
    return torch.optim.Adam(
        alphas,
        settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        weight_decay=settings["weightDecay"],
    )


def darts(spec, tensors, adapt, compiled):
    network, alphas, mixture_loss = mixture(spec, tensors, adapt, compiled)
    recipe = spec["recipe"]
    train, valid = batch(tensors, "training", adapt), batch(tensors, "search", adapt)
    weights = list(network.parameters())
    optimizer = weight_optimizer(weights, recipe)
    adam = alpha_optimizer(alphas, spec["architecture"])

    def loss(images, labels):
        normal, reduce = (F.softmax(a, dim=-1) for a in alphas)
        return mixture_loss(images, labels, normal, reduce)

    def architecture_gradient():
        if not spec["secondOrder"]:
            return torch.autograd.grad(loss(*valid), alphas)
        state = optimizer.state
        return unrolled_gradient(
            weights,
            alphas,
            [state[w].get("momentum_buffer", torch.zeros_like(w)) for w in weights],
            recipe["learningRate"],
            recipe["momentum"],
            recipe["weightDecay"],
            lambda: loss(*train),
            lambda: loss(*valid),
        )

    def step(_):
        for alpha, gradient in zip(alphas, architecture_gradient()):
            alpha.grad = gradient
        adam.step()
        # Nothing reads the alphas' gradient of the pass that moves the weights.
        for alpha in alphas:
            alpha.requires_grad_(False)
        value = move_weights(weights, optimizer, recipe, loss(*train))
        for alpha in alphas:
            alpha.requires_grad_(True)
        return value

    return step


def snas(spec, tensors, adapt, compiled):
    network, alphas, mixture_loss = mixture(spec, tensors, adapt, compiled)
    recipe = spec["recipe"]
    x, y = batch(tensors, "training", adapt)
    weights = list(network.parameters())
    optimizer = weight_optimizer(weights, recipe)
    adam = alpha_optimizer(alphas, spec["architecture"])
    costs = [tensors[f"costs/{kind}"] for kind in ALPHAS]

    def step(_):
        gumbels = [-torch.empty_like(a).exponential_().log() for a in alphas]
        edges = [F.softmax((a + g) / spec["temperature"], dim=-1) for a, g in zip(alphas, gumbels)]
        # Costs are [cells, measures, edges, operations]; the authors divide by 6 normal and 2 reduction cells.
        logs = [(e * c).sum(-1).clamp(min=1).log().sum() for e, c in zip(edges, costs)]
        resources = logs[0] / 18 + logs[1] / 6
        loss = mixture_loss(x, y, *edges)
        adam.zero_grad(set_to_none=True)
        move_weights(weights, optimizer, recipe, loss + spec["resourceWeight"] * resources)
        adam.step()
        return loss

    return step


def random_sharing(spec, tensors, adapt, compiled):
    network = adapt(load(Supernet(spec["channels"], spec["layers"], 10), tensors))
    recipe, paths = spec["recipe"], spec["paths"]
    x, y = batch(tensors, "training", adapt)
    weights = list(network.parameters())
    optimizer = weight_optimizer(weights, recipe)

    def step(i):
        value = F.cross_entropy(network.path(x, paths[i % len(paths)]), y)
        return move_weights(weights, optimizer, recipe, value)

    return step


def enas(spec, tensors, adapt, compiled):
    def converted(name, tensor):
        if tensor.dim() == 5:
            # [n, k, l, C, D], or [n, k, l, C, 1] of a depthwise convolution.
            order = (0, 3, 4, 1, 2) if "depthwise" in name else (0, 4, 3, 1, 2)
            return tensor.permute(order).contiguous()
        return adapt(tensor.clone()) if tensor.dim() == 4 else tensor.clone()

    shared = {
        k.removeprefix("weights/"): converted(k, v).requires_grad_()
        for k, v in tensors.items()
        if k.startswith("weights/")
    }
    weights, recipe, paths = list(shared.values()), spec["recipe"], spec["paths"]
    x, y = batch(tensors, "training", adapt)
    optimizer = weight_optimizer(weights, recipe)
    network = ENAS_NETWORKS[spec["space"]]

    def step(i):
        logits = network(shared, x, paths[i % len(paths)], spec["channels"], spec["layers"])
        return move_weights(weights, optimizer, recipe, F.cross_entropy(logits, y))

    return step


def retraining(spec, tensors, adapt, compiled):
    cells = spec["genotype"]
    genotype = {
        "normal": cells["normal"],
        "normal_concat": cells["normalConcat"],
        "reduce": cells["reduce"],
        "reduce_concat": cells["reduceConcat"],
    }
    network = adapt(load(FinalNetwork(genotype, spec["channels"], spec["layers"], 10, True), tensors))
    recipe = spec["recipe"]
    x, y = batch(tensors, "training", adapt)
    weights = list(network.parameters())
    optimizer = weight_optimizer(weights, recipe)

    def forward(images, labels):
        logits, auxiliary = network(images)
        return F.cross_entropy(logits, labels), F.cross_entropy(auxiliary, labels)

    losses = compiled(forward)

    def step(_):
        main, auxiliary = losses(x, y)
        move_weights(weights, optimizer, recipe, main + recipe["auxiliaryWeight"] * auxiliary)
        return main

    return step


PROGRAMS = {"darts": darts, "snas": snas, "random-sharing": random_sharing, "enas": enas, "retraining": retraining}

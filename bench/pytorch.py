# SPDX-License-Identifier: MIT
# Copyright the Wengert developers
#
# The other end of bench/pytorch.c: reads a problem from standard input, then does task after task, each one answered
# by the processor seconds that it took and its numbers.  Models are written with operations on whole arrays, as this
# tool's users would; one thread.
import struct
import sys
import time

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

into, out = sys.stdin.buffer, sys.stdout.buffer


def array(*shape):
    count = 1
    for size in shape:
        count *= size
    return torch.frombuffer(bytearray(into.read(8 * count)), dtype=torch.float64).reshape(shape) if count else None


model, n, rows, cols, K, m, k, labels = struct.unpack("8Q", into.read(64))
(penalty,) = struct.unpack("d", into.read(8))
x0, V = array(n), array(k, n)
A = array(rows, cols) if rows else None
label = array(rows) if labels else None


def residuals(x):
    return 10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]


def losses(x):
    return torch.nn.functional.softplus(-label * (A @ x))


def mixture(x):
    d = cols
    alpha, mu = x[:K], x[K:K + K * d].reshape(K, d)
    factor = x[K + K * d:].reshape(K, d + d * (d - 1) // 2)
    q, entries = factor[:, :d], factor[:, d:]
    column, row = torch.triu_indices(d, d, 1)                   # the strict lower triangle by columns
    Q = torch.diag_embed(torch.exp(q)).index_put(
        (torch.arange(K)[:, None], row[None, :], column[None, :]), entries)
    z = torch.einsum("kij,nkj->nki", Q, A[:, None, :] - mu)
    t = alpha + q.sum(1) - 0.5 * (z * z).sum(2)
    return rows * torch.logsumexp(alpha, 0) - torch.logsumexp(t, 1).sum()


def network(x):
    first, second, classes = cols * K, cols * K + K, (n - cols * K - K) // (K + 1)
    hidden = torch.relu(A @ x[:first].reshape(cols, K) + x[first:second])
    scores = hidden @ x[second:n - classes].reshape(K, classes) + x[n - classes:]
    return torch.nn.functional.cross_entropy(scores, label.long())


def value(x):
    if model == 3:
        return network(x)
    if model == 0:
        a, b = residuals(x)
        return (a * a).sum() + (b * b).sum()
    if model == 1:
        return losses(x).mean() + 0.5 * penalty * (x[:-1] ** 2).sum()
    return mixture(x)


def terms(x):
    return torch.stack(residuals(x), 1).reshape(-1) if model == 0 else losses(x)


def gradient(x, again=False):
    return torch.autograd.grad(value(x), x, create_graph=again)[0]


def products(count):
    x = x0.clone().requires_grad_()
    g = gradient(x, True)
    return torch.stack([torch.autograd.grad(g, x, V[i], retain_graph=i + 1 < count)[0] for i in range(count)])


def without_graph(f):
    with torch.no_grad():
        return f(x0)


tasks = [
    lambda: without_graph(value),
    lambda: gradient(x0.clone().requires_grad_()),
    lambda: products(1),
    lambda: products(k),
    lambda: torch.autograd.functional.jacobian(terms, x0, vectorize=True),
]

while True:
    task = into.read(1)
    if not task:
        break
    start = time.process_time()
    y = tasks[task[0]]()
    seconds = time.process_time() - start
    out.write(struct.pack("d", seconds) + y.detach().contiguous().numpy().tobytes())
    out.flush()

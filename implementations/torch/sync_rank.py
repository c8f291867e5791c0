"""One rank of a synchronized batch norm: its shard of every batch, its own autograd graph, and gloo to the others.

The environment tells the rank, as torchrun does: RANK, WORLD_SIZE, and in NORMSPEC_STORE the file where ranks meet.
What is refused is refused by all ranks at once, after the same exchanges, so that they stay in step.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from normspec.implementations.contract import Implementation
from normspec.implementations.torch.arrays import to_numpy, to_torch
from normspec.implementations.torch.family import claims_of
from normspec.implementations.torch.tape import Graph, autograd, wanted_by_forward
from normspec.spec.case import Case
from normspec.spec.formats import Array

STORE = "NORMSPEC_STORE"
PATIENCE = timedelta(seconds=30)
"""How long a rank waits for the others; longer than a slow machine needs, shorter than a case may take."""

Statistics = tuple[float, torch.Tensor, torch.Tensor]
"""Count, means and sums of squared deviations, the latter one a channel."""


class SynchronizedLayer:
    """One rank's part of a layer. Raises ValueError for what every rank refuses."""

    def __init__(self, case: Case) -> None:
        join()
        self.dtype = getattr(torch, case.dtype)
        self.wide = torch.promote_types(self.dtype, torch.float32)
        self.epsilon, self.momentum = case.attributes["epsilon"], case.attributes["momentum"]
        if self.epsilon < 0:
            raise ValueError(f"epsilon={self.epsilon!r} is negative")
        self.parameters = {name: to_torch(values).to(self.wide) for name, values in case.parameters.items()}
        self.running = {name: to_torch(values) for name, values in case.state.items()}
        self.wanted = wanted_by_forward(case)
        self.taped: list[Graph] = []

    def forward(self, x: Array, *, training: bool) -> Array:
        """Return y of this rank's shard, and move the running statistics by those of the whole batch."""
        self._check(x)
        leaves = {"x": to_torch(x), **self.parameters}
        own = training or not self.running
        taped = autograd(lambda given: self._layer(given, own), leaves, self.wanted[len(self.taped)])
        self.taped.append(taped)
        return to_numpy(taped.y)

    def backward(self, step: int, cotangent: Array, wanted: tuple[str, ...]) -> Mapping[str, Array]:
        """Return dx of this rank's shard, and the parameters' gradients summed over all ranks."""
        found = self.taped[step].gradients(to_torch(cotangent), wanted)
        whole = {name: gradient if name == "dx" else added(gradient) for name, gradient in found.items()}
        return {name: to_numpy(gradient.to(self.dtype)) for name, gradient in whole.items()}

    def state(self) -> Mapping[str, Array]:
        """Return the running statistics."""
        return {name: to_numpy(values) for name, values in self.running.items()}

    def _check(self, x: Array) -> None:
        if x.ndim < 2:
            raise ValueError(f"x has shape {x.shape}: an axis of cases and one of channels are needed")
        for name, values in {**self.parameters, **self.running}.items():
            if values.shape != x.shape[1:2]:
                raise ValueError(f"{name} has shape {tuple(values.shape)}, and x has {x.shape[1]} channels")

    def _layer(self, given: Mapping[str, torch.Tensor], own: bool) -> torch.Tensor:
        x = given["x"]
        rows = x.transpose(0, 1).flatten(1).to(self.wide)
        xhat = self._by_batch(rows) if own else self._by_running(rows)
        y = xhat * _column(given["gamma"]) if "gamma" in given else xhat
        y = y + _column(given["beta"]) if "beta" in given else y
        return y.to(self.dtype).reshape(x.transpose(0, 1).shape).transpose(0, 1)

    def _by_batch(self, rows: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            count, mean, squares = merged(exchanged(statistics(rows)))
            if count == 1:
                raise ValueError("the batch has one value a channel in all ranks together: more are needed to train")
            self._move(count, mean, squares)
            rstd = 1 / torch.sqrt(squares / max(count, 1) + self.epsilon)
            rstd = rstd.where(squares.isfinite(), torch.nan)  # of infinity it is 0, and y would look right
        apply: Any = Standardized.apply
        found: torch.Tensor = apply(rows, _column(mean), _column(rstd), max(count, 1))
        return found

    def _by_running(self, rows: torch.Tensor) -> torch.Tensor:
        mean, var = (self.running[name].to(self.wide) for name in ("running_mean", "running_var"))
        return (rows - _column(mean)) / torch.sqrt(_column(var) + self.epsilon)

    def _move(self, count: float, mean: torch.Tensor, squares: torch.Tensor) -> None:
        if count < 2:
            return
        new = {"running_mean": mean, "running_var": squares / (count - 1)}
        for name, values in self.running.items():
            moved = (1 - self.momentum) * values.to(self.wide) + self.momentum * new[name]
            values.copy_(moved.to(self.dtype))


class Standardized(torch.autograd.Function):
    """Subtract the mean and multiply by rstd, both of the whole batch; backward adds two sums over all ranks."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, mean: torch.Tensor, rstd: torch.Tensor, count: float) -> torch.Tensor:
        """Return xhat of this rank's rows."""
        xhat = (rows - mean) * rstd
        ctx.save_for_backward(xhat, rstd)
        ctx.count = count
        return xhat

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        """Return dx of this rank's rows."""
        (g,), (xhat, rstd) = cotangents, ctx.saved_tensors
        mean, slope = added(torch.stack([g.sum(1), (g * xhat).sum(1)])) / ctx.count
        return (g - _column(mean) - xhat * _column(slope)) * rstd, None, None, None


def statistics(rows: torch.Tensor) -> Statistics:
    """Return count, mean and squares of this rank's rows, zero where there are none."""
    count = rows.shape[1]
    mean = rows.sum(1) / max(count, 1)
    return count, mean, ((rows - _column(mean)) ** 2).sum(1)


def exchanged(own: Statistics) -> list[Statistics]:
    """Return every rank's statistics, in the order of the ranks, of those that have any."""
    count, mean, squares = own
    sent = torch.cat([mean.new_full((1,), count), mean, squares])
    came = [torch.empty_like(sent) for _ in range(dist.get_world_size())]
    dist.all_gather(came, sent)
    channels = len(mean)
    return [(float(each[0]), each[1 : 1 + channels], each[1 + channels :]) for each in came]


def added(values: torch.Tensor) -> torch.Tensor:
    """Return the sum over all ranks, in memory of its own: a gradient may lie in that of its cotangent."""
    total = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


def merged(shards: list[Statistics]) -> Statistics:
    """Return the statistics of shards of any size together (Chan, Golub and LeVeque, 1979)."""
    first, *others = [shard for shard in shards if shard[0]] or shards[:1]
    for other in others:
        first = _two(first, other)
    return first


def _two(a: Statistics, b: Statistics) -> Statistics:
    count, delta = a[0] + b[0], b[1] - a[1]
    return count, a[1] + delta * (b[0] / count), a[2] + b[2] + delta**2 * (a[0] * b[0] / count)


def _column(values: torch.Tensor) -> torch.Tensor:
    return values[:, None]


def join() -> None:
    """Meet the other ranks, once."""
    if not dist.is_initialized():
        store, rank, world = f"file://{os.environ[STORE]}", int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=world, timeout=PATIENCE)


RANK = Implementation(
    name="torch-sync-rank",
    operation="batch_norm",
    create=SynchronizedLayer,
    claims=claims_of("batch_norm", conventions={}),
    refusals=(ValueError,),
    statement="one rank of a synchronized batch norm",
)

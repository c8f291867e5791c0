"""Faults in which elements share statistics: the groups are those of another layer, or of other axes."""

from collections.abc import Callable

import numpy as np

from normspec.implementations.faulty.fault import Fault, by_layer
from normspec.implementations.numpy.layer import NumpyLayer, Standardized
from normspec.spec.formats import Array
from normspec.spec.operations import OPERATIONS
from normspec.spec.operations.operation import Attributes
from normspec.spec.partition import Partition, Shape

Grouping = Callable[[Shape, Attributes], Partition]


class _OtherGroups(NumpyLayer):
    """Normalizes over other groups; running statistics move by the means of those in a block."""

    grouping: Grouping

    def _partitions(self, x: Array) -> tuple[Partition, Partition]:
        _, blocks = super()._partitions(x)
        return type(self).grouping(x.shape, self.attributes), blocks


def _whole_sample(shape: Shape, attributes: Attributes) -> Partition:
    return Partition(shape, tuple(range(1, len(shape))))


def _all_but_last(shape: Shape, attributes: Attributes) -> Partition:
    return Partition(shape, tuple(range(len(shape) - 1)))


def _everything(shape: Shape, attributes: Attributes) -> Partition:
    return Partition(shape, tuple(range(len(shape))))


def _last(shape: Shape, attributes: Attributes) -> Partition:
    return Partition(shape, (len(shape) - 1,))


def _first(shape: Shape, attributes: Attributes) -> Partition:
    return Partition(shape, (0,))


def _one_axis_more(shape: Shape, attributes: Attributes) -> Partition:
    return OPERATIONS["layer_norm"].groups(shape, {"axes": min(attributes["axes"] + 1, len(shape))})


def _interleaved(shape: Shape, attributes: Attributes) -> Partition:
    groups, channels = attributes["groups"], shape[1]
    view = (shape[0], channels // groups, groups, *shape[2:])
    return Partition(shape, (1, *range(3, len(view))), view)


def _count_for_size(shape: Shape, attributes: Attributes) -> Partition:
    size = shape[1] // attributes["groups"]
    return OPERATIONS["group_norm"].groups(shape, {"groups": size})


def _without_space(shape: Shape, attributes: Attributes) -> Partition:
    groups, channels = attributes["groups"], shape[1]
    view = (shape[0], groups, channels // groups, *shape[2:])
    return Partition(shape, (2,), view)


def _first_axis_kept(shape: Shape, attributes: Attributes) -> Partition:
    return OPERATIONS["weight_norm"].groups(shape, {"axis": 0})


def _other(name: str, bug_class: str, statement: str, operations: tuple[str, ...], groups: Grouping) -> Fault:
    layer = type("_OtherGroups", (_OtherGroups,), {"grouping": staticmethod(groups)})
    exposed_by = "the sums of y over the groups are not those of the formula"
    return by_layer(name, bug_class, statement, exposed_by, layer, operations)


def _of(operation: str) -> Grouping:
    return OPERATIONS[operation].groups


class _WrappedRows(NumpyLayer):
    """Numbers groups in 8 bits, as a kernel does in 32: the 257th gets the statistics of the first."""

    def _train(self, groups: Partition, blocks: Partition, rows: Array) -> Standardized:
        own = super()._train(groups, blocks, rows)
        wrapped = np.arange(rows.shape[0]).astype(np.uint8)
        xhat = own.xhat if rows.shape[0] <= wrapped.max(initial=0) + 1 else own.xhat[wrapped]
        return Standardized(own.mean, own.variance, own.scale, own.exponent, xhat)


FAULTS = (
    _other(
        "batch-norm-as-instance-norm",
        "wrong-op-dispatch",
        "each sample of an image is normalized for itself",
        ("batch_norm",),
        lambda shape, attributes: (_of("instance_norm") if len(shape) > 2 else _of("batch_norm"))(shape, attributes),
    ),
    _other(
        "wrong-axis",
        "axis-param-broadcast",
        "the last axis is taken for the channels': statistics over all others",
        ("batch_norm", "instance_norm", "group_norm", "weight_standardization"),
        _all_but_last,
    ),
    _other(
        "batch-for-layer",
        "wrong-op-dispatch",
        "statistics over the batch, as batch norm has them",
        ("layer_norm", "instance_norm", "group_norm", "rms_norm"),
        _of("batch_norm"),
    ),
    _other(
        "layer-for-instance",
        "wrong-op-dispatch",
        "statistics over a whole sample, as layer norm has them",
        ("instance_norm", "group_norm"),
        _whole_sample,
    ),
    _other(
        "last-axis-alone",
        "axis-param-broadcast",
        "of several normalized axes the last alone is normalized over",
        ("layer_norm", "rms_norm", "instance_norm", "weight_standardization"),
        _last,
    ),
    _other(
        "one-axis-more",
        "axis-param-broadcast",
        "one axis more than those named is normalized over",
        ("layer_norm", "rms_norm"),
        _one_axis_more,
    ),
    _other(
        "groups-interleaved",
        "wrong-op-dispatch",
        "every G-th channel belongs to one group, not neighbouring channels",
        ("group_norm",),
        _interleaved,
    ),
    _other(
        "group-count-for-size",
        "wrong-op-dispatch",
        "the number of groups is taken for the number of channels in each",
        ("group_norm",),
        _count_for_size,
    ),
    _other(
        "group-without-space",
        "rank-assumption",
        "statistics over the channels of a group at each position, not over the positions too",
        ("group_norm",),
        _without_space,
    ),
    _other(
        "axis-ignored",
        "axis-param-broadcast",
        "the norm is taken for each position along the first axis, whatever axis is given",
        ("weight_norm",),
        _first_axis_kept,
    ),
    _other(
        "first-axis-reduced",
        "axis-param-broadcast",
        "statistics over the first axis, where all others are meant",
        ("weight_standardization",),
        _first,
    ),
    _other(
        "whole-tensor",
        "per-sample-independence",
        "one mean and variance for all elements",
        ("layer_norm", "instance_norm", "group_norm", "rms_norm", "weight_standardization"),
        _everything,
    ),
    by_layer(
        "row-index-overflow",
        "index-overflow",
        "the number of a group wraps at 256, as one of 32 bits does at 2^32",
        "groups after the 256th have the xhat of others",
        _WrappedRows,
        ("layer_norm", "rms_norm"),
    ),
)

"""Faults that show where layers are saved, copied, frozen, changed, or several at once."""

from typing import Any, ClassVar
from weakref import WeakSet

from normspec.implementations.faulty.fault import FAMILY, TRACKED, by_layer
from normspec.implementations.numpy.layer import NumpyLayer, Saving
from normspec.spec.operations import OPERATIONS

ALIVE = tuple(name for name in FAMILY if "saving" in OPERATIONS[name].requirements)


class _SavesReferences(NumpyLayer):
    def save(self) -> Saving:
        return Saving(self.parameters, self.running, self.batches)


class _CounterNotSaved(NumpyLayer):
    def load(self, saved: Saving) -> None:
        super().load(saved)
        self.batches = 0


class _VarianceNotSaved(NumpyLayer):
    def load(self, saved: Saving) -> None:
        own = dict(self.running)
        super().load(saved)
        if "running_var" in own:
            self.running["running_var"] = own["running_var"]


class _ParametersNotLoaded(NumpyLayer):
    def load(self, saved: Saving) -> None:
        own = self.parameters
        super().load(saved)
        self.parameters = own


class _CopySharesBuffers(NumpyLayer):
    def copy(self) -> NumpyLayer:
        other = super().copy()
        other.running = self.running
        return other


class _Shared(NumpyLayer):
    living: ClassVar["WeakSet[NumpyLayer]"] = WeakSet()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for other in _Shared.living:
            if other.running.keys() == self.running.keys():
                self.running = other.running
        _Shared.living.add(self)


class _MomentumKept(NumpyLayer):
    def change_momentum(self, momentum: float | None) -> None:
        pass


class _NotFrozen(NumpyLayer):
    def freeze(self) -> None:
        pass


FAULTS = (
    by_layer(
        "saved-by-reference",
        "state-roundtrip",
        "what is saved are the layer's own arrays, which move on",
        "what is loaded is not what the layer had when it was saved",
        _SavesReferences,
        TRACKED,
    ),
    by_layer(
        "counter-not-saved",
        "state-roundtrip",
        "the number of batches seen is not saved: a loaded layer counts from 0",
        "with momentum=None a loaded layer weighs its next batch as the first",
        _CounterNotSaved,
        TRACKED,
    ),
    by_layer(
        "variance-not-saved",
        "state-roundtrip",
        "the running variance is not saved: a loaded layer has its own",
        "a loaded layer infers with another variance than the one that was saved",
        _VarianceNotSaved,
        TRACKED,
    ),
    by_layer(
        "parameters-not-loaded",
        "state-roundtrip",
        "a layer loads running statistics alone, and keeps its own parameters",
        "a loaded layer scales and shifts by other parameters than those that were saved",
        _ParametersNotLoaded,
        ALIVE,
    ),
    by_layer(
        "copy-shares-buffers",
        "aliasing-inplace",
        "a copy has the running statistics of the layer itself, and moves them",
        "to train a copy changes the layer that it was copied from",
        _CopySharesBuffers,
        TRACKED,
    ),
    by_layer(
        "statistics-shared",
        "state-left-behind",
        "all layers alive have the same running statistics",
        "to train one layer changes another one",
        _Shared,
        TRACKED,
    ),
    by_layer(
        "momentum-kept",
        "momentum-flipped",
        "the momentum is read once, when the layer is built",
        "after a change of momentum running statistics are weighed as before",
        _MomentumKept,
        TRACKED,
    ),
    by_layer(
        "not-frozen",
        "mode-flag-ignored",
        "a frozen layer trains on",
        "a frozen layer uses its input's statistics, and moves its own",
        _NotFrozen,
        TRACKED,
    ),
)

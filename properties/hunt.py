"""What one check is: how hard to look, how far it is, and where cases are drawn for one implementation and dtype."""

from dataclasses import dataclass, field
from math import ceil
from zlib import crc32

from normspec.implementations.contract import Implementation
from normspec.properties.cases import Stream
from normspec.properties.cases.regimes import REGIMES
from normspec.properties.cases.shapes import Extent
from normspec.properties.known import KnownFailure
from normspec.properties.law import Law
from normspec.properties.shelf import Shelf, shelf_of
from normspec.properties.tally import Batch, Failure
from normspec.spec.case import Case
from normspec.spec.formats import FORMATS
from normspec.spec.operations import OPERATIONS


@dataclass(frozen=True)
class Settings:
    """How hard to look: cases drawn for the main stream, the seed, the dtypes (all when none is named).

    shard is (k, n): of the same cases only every n-th is judged, from the k-th on; n shards together judge them all. Of
    the pinned cases every pinned_every-th is tried, in each dtype others. databases name where failing cases are kept,
    as normspec.properties.shelf reads them; the first is written to. climb is how often the worst case of each number
    is changed where accuracy is measured.
    """

    max_examples: int = 100
    seed: int = 0
    dtypes: tuple[str, ...] | None = None
    shard: tuple[int, int] = (1, 1)
    databases: tuple[str, ...] = ()
    pinned_every: int = 1
    climb: int = 0

    def judges(self, number: int) -> bool:
        """Return whether this shard judges the number-th case of a batch, counted from 0."""
        own, shards = self.shard
        return number % shards == own - 1


@dataclass(frozen=True)
class Progress:
    """How far the check of one implementation is; law says what is being tried: a stream of cases, or a law."""

    target: str
    operation: str
    law: str
    dtype: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Hunt:
    """The check of one implementation in one dtype, and the smallest failing cases found in it so far.

    Nothing is carried over from another dtype: what a check finds does not depend on what ran before it.
    """

    implementation: Implementation
    dtype: str
    settings: Settings
    known: tuple[KnownFailure, ...]
    smallest: list[Failure] = field(default_factory=list)

    def on_record(self, law: Law, case: Case) -> KnownFailure | None:
        """Return the entry of the record that a failure of the law on this case matches."""
        names = filter(None, (self.implementation.name, self.implementation.stands_for))
        return next((entry for name in names for entry in self.known if entry.covers(name, law.name, case)), None)

    @property
    def pinned_every(self) -> int:
        """Return of how many pinned cases one is tried in a dtype, where the dtypes share them."""
        return self.settings.pinned_every * self.implementation.pinned_every

    @property
    def sparing(self) -> bool:
        """Return whether only some of the pinned cases are tried in this dtype."""
        return self.pinned_every > 1

    def tries_pinned(self, number: int) -> bool:
        """Return whether the number-th pinned case of a stream is tried in this dtype."""
        return number % self.pinned_every == list(FORMATS).index(self.dtype) % self.pinned_every

    def batches(self, stream: Stream) -> list[Batch]:
        """Return the batches in which the stream's cases are drawn: one a regime where it is stratified.

        Where there are fewer cases than regimes, they are drawn from all of them together.
        """
        total = max(1, round(stream.share * self.settings.max_examples * self.implementation.share))
        strata = [(name,) for name in REGIMES] if stream.stratified and total >= len(REGIMES) else [tuple(REGIMES)]
        size = 1 + ceil(total / len(strata))  # the first that Hypothesis draws is the same trivial one in each
        return [Batch(stream, self.extent(regimes), self._seed_of(regimes), size) for regimes in strata]

    def _seed_of(self, regimes: tuple[str, ...]) -> int:
        """Return a seed of its own for each regime: with one for all, every regime has the same scripts and shapes."""
        return self.settings.seed if len(regimes) > 1 else crc32(f"{self.settings.seed} {regimes[0]}".encode())

    def batches_ever(self, stream: Stream) -> list[Batch]:
        """Return a batch for each set of regimes that some run draws from, however many cases it draws."""
        strata = [(name,) for name in REGIMES] if stream.stratified else []
        every = (tuple(REGIMES), *strata)
        return [Batch(stream, self.extent(regimes), self.settings.seed, 1) for regimes in every]

    def shelf(self, batch: Batch) -> Shelf | None:
        """Return where the failing cases of a batch are kept, or None where no database is used."""
        extent = batch.extent
        words = (self.implementation.name, extent.operation.name, self.dtype, batch.stream.name, *extent.regimes)
        return shelf_of(self.settings.databases, words)

    def extent(self, regimes: tuple[str, ...] = tuple(REGIMES)) -> Extent:
        """Return what cases are drawn for."""
        return Extent(OPERATIONS[self.implementation.operation], self.implementation.claims, self.dtype, regimes)


def claims_all(implementation: Implementation, law: Law) -> bool:
    """Return whether an implementation claims everything without which a law has nothing to ask."""
    claims = implementation.claims
    return set(law.needs) <= {*claims.verbs, *claims.gradients, *claims.parameters, *claims.state}

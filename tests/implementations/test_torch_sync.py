"""Synchronized batch norm over shards in real processes: it is batch norm, and a rank that ends is an outcome."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Timer

import numpy as np
import pytest
from implementation_cases import answered, case

from normspec.implementations.ask import ask
from normspec.implementations.contract import Implementation
from normspec.implementations.numpy.batch_norm import TWO_PASS
from normspec.implementations.pipe import Terms
from normspec.implementations.targets import resolve
from normspec.implementations.worker import Limits
from normspec.properties.check import check
from normspec.properties.hunt import Settings, claims_all
from normspec.properties.laws import LAWS
from normspec.properties.verdict import Result
from normspec.spec.operations.common import TRACKED
from normspec.spec.outcome import Crashed, GivenUpError, Malformed, Refused, Returned, TimedOut

torch = pytest.importorskip("torch")
torch_sync = pytest.importorskip("normspec.implementations.torch.sync")
if not torch.distributed.is_available() or os.name != "posix":
    pytest.skip("needs torch.distributed on a POSIX system", allow_module_level=True)

SLOW = Terms(Limits(start=120.0, case=60.0))
BATCH = case((5, 3), "float32", "TBIB")


@pytest.fixture(scope="module")
def ranks() -> Iterator[object]:
    found = torch_sync.Ranks(SLOW)
    yield found
    found.close()


@pytest.fixture(scope="module")
def sync(ranks: object) -> Implementation:
    found: Implementation = torch_sync.synchronized(ranks)
    return found


def test_shards_are_unequal_and_make_the_batch() -> None:
    for cases in range(20):
        sizes = torch_sync.sizes(cases)
        assert sum(sizes) == cases
        assert min(sizes) >= 0
        assert cases == 0 or len(set(sizes)) > 1
    assert 0 in torch_sync.sizes(2)
    assert 0 not in torch_sync.sizes(4)


@pytest.mark.parametrize("cases", range(8))
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_ranks_together_are_batch_norm_of_the_whole_batch(sync: Implementation, cases: int, dtype: str) -> None:
    asked = case((cases, 3, 2), dtype, "TITB0B")
    for mine, other in zip(answered(sync, asked), answered(TWO_PASS, asked), strict=True):
        for name, values in mine.items():
            np.testing.assert_allclose(
                values.astype(float),
                other[name].astype(float),
                rtol=0,
                atol=100 * float(torch.finfo(getattr(torch, dtype)).eps),
                err_msg=name,
            )


def test_every_law_is_kept(sync: Implementation) -> None:
    laws = tuple(law for law in LAWS.values() if "batch_norm" in law.operations)
    events = check(sync, laws, Settings(max_examples=3, seed=0, dtypes=("float32",), pinned_every=2))
    found = {each.law: each.verdict for each in events if isinstance(each, Result)}
    unclaimed = {law.name for law in laws if not claims_all(sync, law)}
    assert {law for law, verdict in found.items() if verdict == "not claimed"} == unclaimed
    assert unclaimed == {"double-backward", "forward-mode", *TRACKED}
    assert set(found.values()) <= {"conforms", "not claimed", "undecided"}
    assert list(found.values()).count("conforms") > 20
    assert {found[name] for name in ("training-output", "running-mean", "running-variance", "dx")} == {"conforms"}


def test_one_value_a_channel_in_all_ranks_together_is_refused_by_all(sync: Implementation) -> None:
    assert isinstance(ask(sync, case((1, 3))), Refused)
    assert isinstance(ask(sync, BATCH), Returned)


def test_ranks_that_disagree_are_no_answer() -> None:
    y, mean = np.ones((1, 2)), np.ones(2)
    other = Returned(({"y": y, "running_mean": mean + 2**-50},))
    found = torch_sync.joined([Returned(({"y": y, "running_mean": mean},)), other, other])
    assert found == Malformed(0, "the ranks differ in running_mean")
    together = torch_sync.joined([other, other, other])
    assert together.steps[0]["y"].shape == (3, 2)
    assert together.steps[0]["running_mean"].shape == (2,)


def test_a_refusal_that_not_all_ranks_share_is_a_crash() -> None:
    refused, returned = Refused(0, "no"), Returned(({},))
    assert torch_sync.joined([refused] * 3) == refused
    assert isinstance(torch_sync.joined([refused, returned, returned]), Crashed)
    assert isinstance(torch_sync.joined([refused, refused, Refused(1, "no")]), Crashed)
    assert torch_sync.joined([refused, refused, TimedOut(0, "late")]) == TimedOut(0, "late")


def processes(ranks: object) -> list[int]:
    return [each.worker.process.pid for each in ranks.running]  # type: ignore[attr-defined]


def test_a_rank_that_is_gone_is_started_again_with_the_others(ranks: object, sync: Implementation) -> None:
    first = answered(sync, BATCH)
    before = processes(ranks)
    os.kill(before[1], signal.SIGKILL)
    ranks.running[1].worker.process.wait()  # type: ignore[attr-defined]
    again = answered(sync, BATCH)
    assert not set(before) & set(processes(ranks))
    assert all(
        one[name].tobytes() == two[name].tobytes() for one, two in zip(first, again, strict=True) for name in one
    )


def test_a_rank_that_dies_at_work_is_a_crash_and_one_that_hangs_is_late() -> None:
    ranks = torch_sync.Ranks(Terms(Limits(start=120.0, case=20.0)))
    sync = torch_sync.synchronized(ranks)
    try:
        answered(sync, BATCH)
        os.kill(processes(ranks)[1], signal.SIGSTOP)
        dies = Timer(0.5, os.kill, (processes(ranks)[1], signal.SIGKILL))
        dies.start()
        assert isinstance(ask(sync, BATCH), Crashed)
        answered(sync, BATCH)
        ranks.terms = Terms(Limits(start=120.0, case=1.0))
        for each in ranks.running:
            each.terms = ranks.terms
        os.kill(processes(ranks)[2], signal.SIGSTOP)
        assert isinstance(ask(sync, BATCH), TimedOut)
        assert ranks.running == ()
        ranks.ends["float32"] = torch_sync.MOST_ENDS
        with pytest.raises(GivenUpError, match="torch-sync-gloo is not asked any more in float32, after 3 ends"):
            ask(sync, BATCH)
    finally:
        ranks.close()


def test_closing_ends_every_rank(ranks: object, sync: Implementation) -> None:
    answered(sync, BATCH)
    before = [each.worker.process for each in ranks.running]  # type: ignore[attr-defined]
    sync.close()
    assert all(process.poll() is not None for process in before)


def test_the_target_has_the_ranks_and_the_module_in_one_process() -> None:
    assert [each.name for each in resolve("torch-sync")] == ["torch-sync-gloo", "torch-sync"]


REFUSES = """
import sys
import torch
layer, x = torch.nn.SyncBatchNorm(3), torch.ones(4, 3)
layer(x)
torch.distributed.init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=0, world_size=1)
layer.eval()(x)
try:
    layer.train()(x)
except ValueError as error:
    print(error)
torch.distributed.destroy_process_group()
"""


def test_torchs_own_module_still_refuses_to_train_on_the_cpu_in_a_process_group(tmp_path: object) -> None:
    """Without a group it trains, as plain batch norm; in one, even of one process, it only infers."""
    command = [sys.executable, "-c", REFUSES, f"{tmp_path}/store"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.startswith("SyncBatchNorm expected input tensor to be on GPU"), "it trains: check it too"

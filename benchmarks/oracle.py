"""What a certificate costs: ratios to the same formula in plain NumPy float64, to mpmath, and to the layer under test.

Run it by hand: `python benchmarks/oracle.py [--json FILE] [--repeat N] [--small]`. Every ratio is of medians
of CPU time measured in this one run, on one machine, in turns, everything on one thread. Nothing asserts them.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial, reduce
from importlib.metadata import distributions, version
from operator import mul
from pathlib import Path
from statistics import median
from typing import Any

import mpmath
import numpy as np

from normspec.spec.case import Case, Step
from normspec.spec.contracts import contract_of
from normspec.spec.conventions import settle
from normspec.spec.forms import forms_of
from normspec.spec.numbers.arb import Arb, working_precision
from normspec.spec.numbers.ball import Balls
from normspec.spec.numbers.certified import Certified
from normspec.spec.numbers.double_double import DoubleDouble
from normspec.spec.numbers.plain import PLAIN
from normspec.spec.operations import OPERATIONS
from normspec.spec.oracles import normalize
from normspec.spec.question import Question
from normspec.spec.tolerance import bounded

EPSILON = 1e-5
EXACTLY = np.full((1, 1), EPSILON)
SHAPES = ((1, 10), (1, 1000), (1, 100_000), (1, 1_000_000), (1000, 10))
INPUTS = {"forward": ("x", "gamma", "beta"), "backward": ("x", "dy", "gamma")}
OUTPUTS = {"forward": ("y",), "backward": ("dx", "dgamma", "dbeta")}
FEW = 100  # elements up to which arbitrary precision costs less than balls in float64
BATCH_NORM = OPERATIONS["batch_norm"]
CONVENTIONS = settle(BATCH_NORM.conventions, {})

Run = Callable[[], Any]


@dataclass(frozen=True)
class Line:
    """One measured ratio: how often the cost of the reference the certificate has."""

    direction: str
    groups: int
    members: int
    what: str
    against: str
    ratio: float
    milliseconds: float


def timed(runs: dict[str, Run], repeat: int) -> dict[str, float]:
    """Return the median CPU seconds of each, taken in turns after a warm-up, more often where it is fast."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(repeat):
        for name, run in runs.items():
            start = time.process_time()
            run()
            first = time.process_time() - start
            again = int(min(50, 0.01 / max(first, 1e-6)))
            start = time.process_time()
            for _ in range(again):
                run()
            seconds[name].append((time.process_time() - start) / again if again else first)
    return {name: median(values) for name, values in seconds.items()}


@dataclass(frozen=True)
class Layer:
    """One layer's arrays in float32, and the same as float64 rows."""

    groups: int
    members: int

    def rows(self) -> dict[str, Any]:
        """Return x, dy, gamma and beta as float64 rows that float32 holds exactly."""
        rng = np.random.default_rng(0)
        shapes = {"x": self.members, "dy": self.members, "gamma": 1, "beta": 1}
        drawn = {name: rng.normal(size=(self.groups, n)).astype(np.float32) for name, n in shapes.items()}
        return {name: a.astype(np.float64) for name, a in drawn.items()}

    def case(self) -> Case:
        """Return the case of one training step and its backward."""
        rows = {name: a.astype(np.float32) for name, a in self.rows().items()}
        steps = (Step("train", rows["x"].T), Step("backward", cotangent=rows["dy"].T, of=0))
        parameters = {name: rows[name][:, 0] for name in ("gamma", "beta")}
        return Case("batch_norm", "float32", {"epsilon": EPSILON, "momentum": 0.1}, steps, parameters)


def formula(system: Any, direction: str, rows: dict[str, Any], epsilon: Any, m: int) -> Any:
    """Run the generated formula of a direction on a number system."""
    if direction == "forward":
        return normalize.forward(system, rows["x"], rows["gamma"], rows["beta"], epsilon, m, m)
    return normalize.backward(system, rows["x"], rows["dy"], rows["gamma"], epsilon, m, m)


def enclosing(engine: Any, direction: str, rows: dict[str, Any], m: int) -> Run:
    """Return the run that encloses what a layer returns, in the context that its engine needs."""
    system, inputs, outputs = Certified(engine), INPUTS[direction], OUTPUTS[direction]
    context = partial(working_precision, 128) if isinstance(engine, Arb) else partial(np.errstate, all="ignore")

    def run() -> Any:
        with context():
            lifted = {name: engine.lift(rows[name]) for name in inputs}
            found = formula(system, direction, lifted, engine.lift(EXACTLY), m)
            return {name: engine.bounds(found[name]) for name in outputs}

    return run


def deciding(layer: Layer, direction: str) -> Run:
    """Return the run that also finds the tolerances, over all forms of the contract, as a verdict needs them."""
    question = Question(
        BATCH_NORM,
        layer.case(),
        int(direction == "backward"),
        {},
        CONVENTIONS,
        contract_of("B1", "float32", CONVENTIONS),
    )
    return lambda: bounded(forms_of(question), question.arrays, question.contract)


def hoisted_mpmath(direction: str, rows: dict[str, Any], m: int) -> Run:
    """Return the run of the same formula on mpmath numbers, each subexpression computed once."""
    lifted = {
        name: np.array([mpmath.mpf(float(v)) for v in a.flat], dtype=object).reshape(a.shape)
        for name, a in rows.items()
    }

    class Numbers:
        def total(self, a: Any) -> Any:
            return np.add.reduce(a, axis=-1, keepdims=True)

        block_total = total

        def product(self, *factors: Any) -> Any:
            return reduce(mul, factors)

        def rsqrt(self, a: Any) -> Any:
            return np.frompyfunc(lambda v: 1 / mpmath.sqrt(v), 1, 1)(a)

    def run() -> Any:
        with mpmath.workprec(128):
            return formula(Numbers(), direction, lifted, mpmath.mpf(EPSILON), m)

    return run


def layer_under_test(layer: Layer) -> dict[str, Run]:
    """Return torch's forward, and its forward with backward, where torch is installed."""
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    rows = {name: torch.tensor(a.T.astype(np.float32)) for name, a in layer.rows().items()}
    x = rows["x"].contiguous().requires_grad_()
    dy = rows["dy"].contiguous()
    gamma, beta = (rows[name].reshape(-1).requires_grad_() for name in ("gamma", "beta"))

    def forward() -> Any:
        return torch.nn.functional.batch_norm(x, None, None, gamma, beta, True, 0.1, EPSILON)

    return {"forward": forward, "backward": lambda: forward().backward(dy)}


def lines(groups: int, members: int, repeat: int) -> Iterator[Line]:
    """Yield the ratios for one shape, in both directions."""
    layer = Layer(groups, members)
    rows, torch_runs = layer.rows(), layer_under_test(layer)
    engine = Arb() if groups * members <= FEW else Balls()
    for direction in ("forward", "backward"):
        runs = {
            "numpy float64": lambda direction=direction: formula(PLAIN, direction, rows, EPSILON, members),
            "enclosure": enclosing(engine, direction, rows, members),
            "enclosure and tolerance": deciding(layer, direction),
        }
        if groups * members > FEW:
            runs["double-double enclosure"] = enclosing(DoubleDouble(), direction, rows, members)
        if groups * members <= 1000:
            runs["mpmath"] = hoisted_mpmath(direction, rows, members)
        if torch_runs:
            runs["torch float32"] = torch_runs[direction]
        seconds = timed(runs, repeat)
        for what in ("enclosure", "enclosure and tolerance", "double-double enclosure"):
            for against in ("numpy float64", "mpmath", "torch float32"):
                if what in seconds and against in seconds:
                    ratio = seconds[what] / seconds[against]
                    yield Line(direction, groups, members, what, against, ratio, 1e3 * seconds[what])


def gradcheck_line(repeat: int) -> Iterator[Line]:
    """Yield the cost of verifying the gradients of a layer of 4096 elements, against torch's own gradcheck."""
    try:
        import torch
    except ImportError:
        return
    layer = Layer(64, 64)
    x, gamma, beta = (torch.tensor(layer.rows()[name].T, requires_grad=True) for name in ("x", "gamma", "beta"))

    def check() -> Any:
        def forward(a: Any, b: Any, c: Any) -> Any:
            return torch.nn.functional.batch_norm(a, None, None, b.reshape(-1), c.reshape(-1), True, 0.1, EPSILON)

        return torch.autograd.gradcheck(forward, (x, gamma, beta))

    seconds = timed({"enclosure and tolerance": deciding(layer, "backward"), "gradcheck": check}, repeat)
    ratio = seconds["enclosure and tolerance"] / seconds["gradcheck"]
    yield Line(
        "backward", 64, 64, "enclosure and tolerance", "gradcheck", ratio, 1e3 * seconds["enclosure and tolerance"]
    )


def measured(small: bool, repeat: int) -> Iterator[Line]:
    """Yield every line of the table."""
    for groups, members in SHAPES:
        if groups * members <= 1000 or not small:
            yield from lines(groups, members, repeat)
    if not small:
        yield from gradcheck_line(1)


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the table here")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="leave out shapes above 1000 elements, and gradcheck")
    arguments = parser.parse_args()
    print(f"{'':9}{'groups':>7}{'m':>9}  {'what':<25}{'against':<16}{'ratio':>9}{'ms':>11}")
    table = []
    for line in measured(arguments.small, arguments.repeat):
        table.append(line)
        print(
            f"{line.direction:9}{line.groups:7}{line.members:9}  {line.what:<25}{line.against:<16}"
            f"{line.ratio:9.3g}{line.milliseconds:11.4g}",
            flush=True,
        )
    print(" · ".join(f"{name}: {value}" for name, value in machine().items()))
    if arguments.json:
        text = json.dumps(machine() | {"lines": [asdict(line) for line in table]}, indent=1)
        arguments.json.write_text(text + "\n")


def machine() -> dict[str, str]:
    """Return the date, the kind of machine, and the versions that the figures depend on."""
    models = [line.split(":")[1].strip() for line in _lines_of("/proc/cpuinfo") if line.startswith("model name")]
    packages = {name: version(name) for name in ("numpy", "python-flint", "mpmath", "torch") if _installed(name)}
    kind = {"processor": models[0] if models else platform.machine(), "cores": str(os.cpu_count())}
    return {"date": date.today().isoformat(), **kind, "python": platform.python_version(), **packages}


def _lines_of(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _installed(name: str) -> bool:
    return any(each.name == name for each in distributions())


if __name__ == "__main__":
    main()

"""The normalization layers of Keras. Importing this file imports keras, on the back-end chosen or on one installed."""

from dataclasses import replace
from functools import partial
from typing import Any

from normspec.implementations.contract import Implementation
from normspec.implementations.keras.layer import NAMES, keras, keras_layer, keywords_of
from normspec.implementations.keras.snippet import keras_jax_snippet, keras_torch_snippet

BACKEND = keras.backend.backend()
NAME = f"keras@{BACKEND}"
PROGRAMS = {"torch": keras_torch_snippet, "jax": keras_jax_snippet}


def _own(layer: Any, operation: str, **declared: Any) -> Implementation:
    """Return a layer of Keras's own, with programs."""
    made = keras_layer(layer, operation, name=NAME, **declared)
    shows = partial(PROGRAMS[BACKEND], kind=layer.__name__, keywords=partial(keywords_of, layer), names=NAMES)
    return replace(made, snippet=shows)


KERAS = (
    _own(keras.layers.BatchNormalization, "batch_norm", grade="C", empty_batch="nan"),
    _own(keras.layers.LayerNormalization, "layer_norm"),
    _own(keras.layers.GroupNormalization, "group_norm", grade="C"),
    _own(keras.layers.GroupNormalization, "instance_norm", grade="C"),
    _own(keras.layers.RMSNormalization, "rms_norm"),
    _own(
        *(keras.layers.UnitNormalization, "l2_normalize"),
        fixed={"epsilon": 1e-12},
        statistics_dtype="input",
    ),
)

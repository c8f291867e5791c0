"""The normalization layers of Keras. Importing this file imports keras, on the back-end chosen or on one installed."""

from normspec.implementations.keras_layer import keras, keras_layer

NAME = f"keras@{keras.backend.backend()}"
KERAS = (
    keras_layer(keras.layers.BatchNormalization, "batch_norm", name=NAME, grade="C", empty_batch="nan"),
    keras_layer(keras.layers.LayerNormalization, "layer_norm", name=NAME),
    keras_layer(keras.layers.GroupNormalization, "group_norm", name=NAME, grade="C"),
    keras_layer(keras.layers.GroupNormalization, "instance_norm", name=NAME, grade="C"),
    keras_layer(keras.layers.RMSNormalization, "rms_norm", name=NAME),
    keras_layer(
        *(keras.layers.UnitNormalization, "l2_normalize"),
        name=NAME,
        fixed={"epsilon": 1e-12},
        statistics_dtype="input",
    ),
)

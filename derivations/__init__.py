"""The mathematics: every claim of the specification, derived and machine-checked for every group size.

Chapters say what holds (`catalogue` lists them); `language` is what they are written in. `prover` decides by normal
forms (`laurent`, `roots`, `sums`, `normal`) for all sizes; `corroboration` computes both sides exactly at some
(`exact`, `concrete`), and shares no arithmetic with it. `readback` finds closed forms, `notation` and `rendering` write
them for people, `printing` and `generate` for machines. Importing this package, or its catalogue, imports no SymPy.
"""

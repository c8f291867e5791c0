"""The number systems that the generated code runs on.

A number system is an object with total (the sum over a group), block_total (the sum over a block), sqrt and rsqrt; its
numbers are array objects with + - * / among themselves and with Python integers. Arrays have shape (groups, members).
"""

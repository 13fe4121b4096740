"""The synthetic country: places, people, school lives with a known causal structure, and messy deliveries.

Nothing in it is real but the names and capitals of the 25 departments; every figure is an assumption, chosen
so that base rates and gradients resemble what is published for Peru.
"""

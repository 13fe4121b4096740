"""The synthetic country: places, people, school careers with a known causal structure, and messy deliveries.

Only the names and capitals of the 25 departments are real; every figure is an assumption, chosen so that base rates
and gradients resemble those published for Peru.
"""

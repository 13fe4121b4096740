"""Candidates, how they are fitted, and how they are written out as points and trees."""

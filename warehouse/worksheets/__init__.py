"""A week's visits of a UGEL on paper: who waits on its list, by name, outside the home and logged."""

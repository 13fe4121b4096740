"""The monthly bulletin of a UGEL, a region or the country: what was published, as one page and as sheets."""

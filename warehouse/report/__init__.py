"""Monthly bulletins of a UGEL, a region or the country: published figures as a page and as sheets."""

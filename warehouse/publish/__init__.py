"""From marts to what readers see: what may be disclosed, serving files, releases."""

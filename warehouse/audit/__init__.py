"""For auditors: the way of a number down to file and line, and a pack of everything that proves it."""

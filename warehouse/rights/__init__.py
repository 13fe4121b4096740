"""What a family may ask for, what is deleted when, and the proof of a deletion."""

"""What services do to those who get them."""

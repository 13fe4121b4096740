"""Effects of services on the children who get them."""

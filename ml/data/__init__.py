"""What models learn from: rows, splits by time, tables of others."""

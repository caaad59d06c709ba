"""What is said of every cell, and why, after all that people do to notebooks."""

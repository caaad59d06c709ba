"""Recording must not change what a user sees: each notebook runs plain three times, recorded once, and is compared."""

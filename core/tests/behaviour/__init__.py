"""Recording must not change what a user sees: each notebook runs plain twice, recorded once, and is compared."""

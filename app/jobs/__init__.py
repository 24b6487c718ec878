"""The clock: what runs when, and the scheduler that runs it."""

"""What rules would have said, and what became of those they said it about: statistics over verdicts, no database."""

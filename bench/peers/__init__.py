"""Programs that read the same org, one process each; see README.md for what they are and how they come here."""

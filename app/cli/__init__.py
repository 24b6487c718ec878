"""The command line. Each command is a line or two into the pipeline, the store or the rules."""

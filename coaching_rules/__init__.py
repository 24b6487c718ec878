"""The judge: what good coaching looks like, as data, and the one engine that holds facts against it."""

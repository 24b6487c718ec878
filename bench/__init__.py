"""Measurements: `python -m bench` runs them all; each prints ratios within one run, since machines differ and waver."""

"""Rules on trial, before anybody is told anything: on today (preview) and on the past (backtest)."""

"""The sweep: prune one layer at a time, evaluate, store."""

"""Episodes and corrections of an experiment as logs of Inspect, whose viewer shows and filters them.

A log is a file made of stored episodes. The package `inspect_ai` (the extra `[view]`) is imported where logs are made.
"""

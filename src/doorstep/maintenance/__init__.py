"""What a deployment does for itself: deliver what was left, settle touches of unknown fate, keep histories, forget.

`jobs` does it, `schedules` has Temporal start it (`workflows.maintenance`), `running` is the worker's part in it.
"""

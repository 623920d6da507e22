"""The nouns. Pure: no I/O, no clock, no chance; time is always an argument."""

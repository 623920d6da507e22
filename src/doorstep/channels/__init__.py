"""Providers, one file each, both directions; what any of them shares is in `base`."""

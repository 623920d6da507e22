"""Vendors on loopback: real HTTP servers that speak their protocol, faults included."""

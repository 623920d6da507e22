"""Limits: what must hold in every story of a journey, whatever happens. docs/exploring.md"""

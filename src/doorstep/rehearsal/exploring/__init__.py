"""The search for a story that breaks a limit. docs/exploring.md"""

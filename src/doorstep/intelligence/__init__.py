"""What fits this person? Pure: everything known comes in as arguments, answers are deterministic."""

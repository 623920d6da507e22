"""What is said: the template library, the brand, and the pure renderer. No clock, no chance, no network."""

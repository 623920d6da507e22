"""Templates, brand, renderer."""

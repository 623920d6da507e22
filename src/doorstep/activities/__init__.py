"""What journeys ask for, done: the stubs of `contracts` over tables and channels, under the same names."""

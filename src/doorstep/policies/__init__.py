"""May this touch go now? Pure rules over facts; `gate.decide` asks them in order."""

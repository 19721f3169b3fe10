"""models evaluate: how right and how quick each model is on labelled photos."""

"""Models: blocks wired into whole nets. Each has nodes 'x' (pictures), 'y' (one-hot targets), 'logits', 'loss'."""

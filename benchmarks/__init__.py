"""Benchmarks: DeepFusion and its peers do the same work, in processes of their own, in turn. `python -m benchmarks`."""

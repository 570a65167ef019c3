"""DeepFusion: an explicit deep learning framework on NumPy and CuPy."""

__version__ = '0.1.0'

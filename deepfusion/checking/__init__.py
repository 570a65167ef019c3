"""Gradient checking: the room behind `deepfusion.utils.grad_check`.

`check.py` holds the three ways in. They work on shadows (`shadow.py`), see nets and modules as functions
(`subject.py`), compare tensors (`tensors.py`, `numeric.py`, `taylor.py`, `complex_step.py`), try modules by
themselves (`alone.py`, `trial.py`, `conduct.py`) and tell what they found (`report.py`, `show.py`, `plot.py`,
`diagnosis.py`).
"""

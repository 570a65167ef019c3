"""docs/writing_a_module.md shows what its code prints."""

import re

from tests.checking.page import outputs, shown


def rounded(text):
    """Without what differs from machine to machine: times, last digits, and errors that are mere rounding, with where
    in a right tensor the largest of them is, and in which order such tensors follow one another."""
    text = re.sub(r'\d+\.\d+ s\b', '# s', text)
    text = re.sub(r'\d\.\de[-+]\d\d', '#', text)
    text = re.sub(r'(-?\d+\.\d{2})\d+', r'\1', text)
    text = re.sub(r'( ok +\d+) .*', r'\1', text)
    lines = re.sub(r'[ ─]+', ' ', text).splitlines()
    right = iter(sorted(line for line in lines if ' ok ' in line))
    return [next(right) if ' ok ' in line else line for line in lines]


def test_outputs_are_real(tmp_path):
    for printed, text in zip(outputs(tmp_path), shown(), strict=True):
        if printed or text:
            assert rounded(text) == rounded(printed)

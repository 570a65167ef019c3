"""docs/writing_a_module.md shows what its code prints."""

import re

from tests.checking.page import outputs, shown


def rounded(text):
    """Without what differs from machine to machine: times, last digits, and errors that are mere rounding."""
    text = re.sub(r'\d+\.\d+ s\b', '# s', text)
    text = re.sub(r'\d\.\de[-+]\d\d', '#', text)
    text = re.sub(r'(-?\d+\.\d{2})\d+', r'\1', text)
    return re.sub(r'[ ─]+', ' ', text).splitlines()


def test_outputs_are_real(tmp_path):
    for printed, text in zip(outputs(tmp_path), shown(), strict=True):
        if printed or text:
            assert rounded(text) == rounded(printed)

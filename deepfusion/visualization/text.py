"""How wide words are, without a font: widths of DejaVu Sans, which Matplotlib ships and others seldom exceed."""

from __future__ import annotations

import unicodedata

# Hundredths of the font size for the characters from 32 to 126.
_PLAIN = (32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64,
          64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79,
          69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28,
          58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84)
_BOLD = (35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70,
         70, 40, 40, 84, 84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82, 84, 37, 37, 77, 64, 100, 84, 85, 73, 85,
         77, 72, 68, 81, 77, 110, 77, 72, 73, 46, 37, 46, 84, 50, 50, 67, 72, 59, 72, 68, 44, 72, 71, 34, 34,
         67, 34, 104, 71, 69, 72, 72, 49, 60, 48, 71, 65, 92, 65, 65, 58, 71, 37, 71, 84)
_CONTROL_PICTURES = 0x2400
# Line and paragraph ends, the byte order mark, and signs that would turn the direction of other words.
_TURNING = {0x2028, 0x2029, 0xFEFF, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
LINE_LENGTH = 30


def text_width(text: str, size: float, is_bold: bool = False) -> float:
    """The width of a line of text in pixels, rather too large than too small."""
    table = _BOLD if is_bold else _PLAIN
    return sum(_character_width(character, table) for character in text) * size / 100


def _character_width(character: str, table: tuple[int, ...]) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return table[code - 32]
    if unicodedata.combining(character):
        return 0
    base = unicodedata.normalize('NFD', character)[0]
    if 32 <= ord(base) < 127:
        return table[ord(base) - 32]
    if unicodedata.east_asian_width(character) in 'WF' or code > 0xFFFF:
        return 115
    return 60 if character in '·→' else 90


def visible(text: str) -> str:
    """The text with signs in place of what no XML file may hold, and of what would not show: control characters."""
    return ''.join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    code = ord(character)
    if code < 32:
        return chr(_CONTROL_PICTURES + code)
    if code == 127:
        return '\u2421'
    is_broken = 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE
    return '\ufffd' if is_broken or code in _TURNING else character


def wrapped(text: str, length: int = LINE_LENGTH) -> list[str]:
    """The text in lines of at most `length` characters, broken after spaces and signs where there are some."""
    lines = []
    while len(text) > length:
        breaks = [place + 1 for place, character in enumerate(text[:length]) if character in ' /_-.,:;']
        cut = breaks[-1] if breaks and breaks[-1] > length // 2 else length
        lines.append(text[:cut])
        text = text[cut:]
    return [*lines, text]


def shape_in_words(shape: tuple[int, ...], batch: int | None = None, is_batched: bool = True) -> str:
    """
    >>> shape_in_words((1, 3, 32, 32), batch=64)
    '64 × 3 × 32 × 32'
    >>> shape_in_words((1, 3, 32, 32))
    'B × 3 × 32 × 32'
    """
    if is_batched and shape[:1] == (1,):
        return ' × '.join([str(batch) if batch is not None else 'B', *map(str, shape[1:])])
    return ' × '.join(map(str, shape)) or 'number'


def shortened(text: str, length: int) -> str:
    """The text, cut with dots when it is longer than `length`."""
    return text if len(text) <= length else text[:length - 1] + '…'


def quantity(number: float, unit: str = '') -> str:
    """A number in three digits with its multiple.

    >>> quantity(9063096), quantity(512), quantity(2.5e9, 'B')
    ('9.06 M', '512', '2.5 GB')
    """
    for factor, prefix in ((1e12, 'T'), (1e9, 'G'), (1e6, 'M'), (1e4, 'k')):
        if abs(number) >= factor:
            scaled = number / (1e3 if prefix == 'k' else factor)
            return f'{scaled:.3g} {prefix}{unit}'
    return f'{number:.4g} {unit}'.rstrip()


def duration(seconds: float) -> str:
    """
    >>> duration(0.00042), duration(2.5)
    ('0.42 ms', '2.5 s')
    """
    return f'{seconds * 1e3:.3g} ms' if seconds < 1 else f'{seconds:.3g} s'


def time_taken(seconds: float) -> str:
    """What a module took, unless another one made its pass, see `components.net.folding`.

    >>> time_taken(0.00042), time_taken(0.0)
    ('0.42 ms', 'folded')
    """
    return duration(seconds) if seconds else 'folded'

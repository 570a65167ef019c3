"""Colours: red for what will be updated, blue for what is frozen, in light and in dark."""

from __future__ import annotations

from dataclasses import dataclass

from deepfusion.visualization.description import FROZEN, MIXED, UNFROZEN

FONT = "'DejaVu Sans', 'Bitstream Vera Sans', Helvetica, Arial, sans-serif"
# Names are drawn at NAME, what is told of a node at DETAIL, words on edges at TAG; nothing is smaller.
NAME_SIZE, DETAIL_SIZE, TAG_SIZE = 11.0, 9.5, 9.0


@dataclass(frozen=True)
class Theme:
    """The colours of a picture. Heat goes from `cold` over `warm` to `hot`."""

    background: str
    text: str
    faint: str
    edge: str
    frame: str
    frame_line: str
    unfrozen: str
    unfrozen_line: str
    frozen: str
    frozen_line: str
    highlight: str
    fault: str
    cold: str
    warm: str
    hot: str

    def fill(self, state: str) -> str:
        """The colour of what is frozen or not."""
        return self.unfrozen if state == UNFROZEN else self.frozen

    def line(self, state: str) -> str:
        """The colour of its outline."""
        return {UNFROZEN: self.unfrozen_line, FROZEN: self.frozen_line, MIXED: '#7a5195'}[state]

    def heat(self, share: float) -> str:
        """The colour of a share between 0 and 1."""
        share = min(1.0, max(0.0, share))
        first, second = (self.cold, self.warm) if share < 0.5 else (self.warm, self.hot)
        return blend(first, second, 2 * share if share < 0.5 else 2 * share - 1)


def blend(first: str, second: str, share: float) -> str:
    """A colour between two, given as #rrggbb.

    >>> blend('#000000', '#ffffff', 0.5)
    '#808080'
    """
    pairs = zip((first[1:3], first[3:5], first[5:7]), (second[1:3], second[3:5], second[5:7]), strict=True)
    return '#' + ''.join(f'{round(int(a, 16) * (1 - share) + int(b, 16) * share):02x}' for a, b in pairs)


LIGHT = Theme(background='#ffffff', text='#1c1c1c', faint='#5c6670', edge='#6b7580', frame='#f4f5f7',
              frame_line='#c3c9d0', unfrozen='#f4a29b', unfrozen_line='#b3352b', frozen='#add8e6',
              frozen_line='#2b6f8e', highlight='#e07b00', fault='#d10000',
              cold='#fff8e5', warm='#fdae61', hot='#c92a2a')
DARK = Theme(background='#16191d', text='#eceff1', faint='#a3adb8', edge='#7d8894', frame='#20252b',
             frame_line='#46505b', unfrozen='#8f3a35', unfrozen_line='#f08d84', frozen='#2a5a72',
             frozen_line='#8ccbe6', highlight='#ffb347', fault='#ff5c5c', cold='#2b2b26', warm='#b0651f', hot='#e5484d')
THEMES = {'light': LIGHT, 'dark': DARK}

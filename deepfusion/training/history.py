"""What a training run has done, epoch by epoch."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deepfusion.utils.names import look_up


class History:
    """One row of numbers for each epoch, in order.

    A row has `epoch`, `steps` (fewer than the others' when the epoch was interrupted), `learning_rate`,
    `train_loss` and `seconds`; `train_accuracy` when there are classes; and `<set>_loss` and
    `<set>_accuracy` for each set that was evaluated ('validation', 'test').

    Example:
        >>> history = History([{'epoch': 1, 'train_loss': 0.5}, {'epoch': 2, 'train_loss': 0.25}])
        >>> history['train_loss'], history.rows[-1]['epoch']
        ([0.5, 0.25], 2)
    """

    def __init__(self, rows: Iterable[dict[str, Any]] = ()) -> None:
        self.rows: list[dict[str, Any]] = list(rows)

    def __repr__(self) -> str:
        last = f', last: {self.rows[-1]}' if self.rows else ''
        return f'History({len(self)} epoch{"s" if len(self) != 1 else ""}{last})'

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        """One column, from the first epoch to the last."""
        look_up(column, dict.fromkeys(self.columns), 'column of the history')
        return [row[column] for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in the order in which they appeared."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def save_csv(self, path: str | Path) -> None:
        """Write the rows under a header line."""
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(self.rows)

    def to_json(self) -> str:
        """The rows as a JSON list of objects; `History(json.loads(text))` reads it back."""
        return json.dumps(self.rows)

"""What is written down about a run."""

import csv
import json

from deepfusion.training import History

ROWS = [{'epoch': 1, 'train_loss': 0.1 + 0.2}, {'epoch': 2, 'train_loss': 0.25, 'test_loss': 1e-12}]


def test_columns_and_rows():
    history = History(ROWS)
    assert len(history) == 2
    assert history.columns == ['epoch', 'train_loss', 'test_loss']
    assert history['epoch'] == [1, 2]


def test_csv_keeps_every_digit(tmp_path):
    History(ROWS).save_csv(tmp_path / 'history.csv')
    with open(tmp_path / 'history.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [float(row['train_loss']) for row in rows] == [0.1 + 0.2, 0.25]
    assert [row['test_loss'] for row in rows] == ['', '1e-12']


def test_json_there_and_back():
    assert History(json.loads(History(ROWS).to_json())).rows == ROWS


def test_it_shows_how_long_it_is_and_its_last_row():
    assert repr(History()) == 'History(0 epochs)'
    assert repr(History([{'epoch': 1}])) == "History(1 epoch, last: {'epoch': 1})"

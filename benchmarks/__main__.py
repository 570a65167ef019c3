"""`python -m benchmarks [CASE ...]`: times cases, prints medians and ratios, and writes them as JSON when asked."""

import json
from pathlib import Path
from typing import Any

import click
from rich.progress import track
from rich.table import Table

from benchmarks.cases import CASES, OLD, PEERS, THINC
from benchmarks.runner import compare
from benchmarks.tables import print_table


@click.command()
@click.argument('cases', nargs=-1, type=click.Choice(sorted(CASES)))
@click.option('--peer', 'peers', multiple=True, type=click.Choice(PEERS), default=PEERS[:2], show_default=True,
              help='Whom to compare with; may be given several times.')
@click.option('--rounds', default=5, show_default=True, help='How often each is run, in turn.')
@click.option('--seconds', default=4.0, show_default=True, help='How long one run measures.')
@click.option('--old-python', type=click.Path(exists=True, dir_okay=False),
              help='Python of an environment with deepfusion==0.0.3, for the peer of that name.')
@click.option('--thinc-python', type=click.Path(exists=True, dir_okay=False),
              help='Python of an environment with thinc, for the peer of that name.')
@click.option('--json', 'json_path', type=click.Path(dir_okay=False, path_type=Path), help='Write the figures here.')
def main(cases: tuple[str, ...], peers: tuple[str, ...], rounds: int, seconds: float, old_python: str | None,
         thinc_python: str | None, json_path: Path | None) -> None:
    """Compare DeepFusion with peers on CASES (all of them when none is named)."""
    pythons = {peer: path for peer, path in ((OLD, old_python), (THINC, thinc_python)) if path is not None}
    peers = tuple(dict.fromkeys((*peers, *pythons)))
    results: list[dict[str, Any]] = []
    for case in track(cases or sorted(CASES), 'cases'):
        results.append(compare(case, peers, rounds, seconds, pythons))
        if json_path:                                             # after each: all of them take a while
            json_path.write_text(json.dumps(results, indent=2) + '\n')
    table = Table()
    for name in ('case', 'who', 'median ms', 'DeepFusion / it', 'spread', 'peak MB', 'loss'):
        table.add_column(name, no_wrap=name in ('case', 'who'))
    for result in results:
        for row in result['rows']:
            ratio, spread = row.get('ratio'), row.get('spread')
            table.add_row(result['case'], row['peer'], f"{row['median_ms']:.3g}", f'{ratio:.3f}' if ratio else '',
                          f'{spread[0]:.2f} to {spread[1]:.2f}' if spread else '', f"{row['peak_mb']:.0f}",
                          '' if row['loss'] is None else f"{row['loss']:.5f}")
        table.add_section()
    print_table(table)


if __name__ == '__main__':
    main()

"""Tables, in the terminal or in a file."""

from rich.console import Console
from rich.table import Table

WIDTH = 120         # in a file


def print_table(table: Table) -> None:
    """As wide as the terminal, or as a file should be."""
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH)).print(table)

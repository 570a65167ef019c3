"""Words on the screen. Library functions return results; what is printed about them is printed here."""

from typing import Any

from deepfusion.utils.colors import color_end, cyan, red


def print_net_performance(epochs: int, epoch: int, J_train: Any, J_val: Any = None) -> None:
    """Print one line: the epoch, the training cost, and the validation cost when there is one.

    Args:
        epochs: number of epochs in all; its width aligns the lines.
        epoch: the present one.
        J_train, J_val: costs, as numbers or as a loss's `val`.
    """
    line = f'{red}Epoch{color_end} {epoch:{len(str(epochs))}}/{epochs}'
    line += f'   {cyan}train cost{color_end} {J_train:11.6f}'
    if J_val is not None:
        line += f'   {cyan}validation cost{color_end} {J_val:11.6f}'
    print(line)


def print_times(seconds: dict[str, float], name: str) -> None:
    """Print what each module took in a pass, and its share of the whole; 'folded' where another made its pass.

    Args:
        seconds: by module ID, in the order they ran.
        name: of the pass: 'Forward' or 'Backward'.
    """
    total = sum(seconds.values())
    width = max(map(len, seconds), default=0)
    print(f'{name} pass')
    for ID, taken in seconds.items():
        share = f'{cyan}{taken / max(total, 1e-12):6.1%}{color_end}'
        time = f'{taken * 1e3:10.3f} ms  {share}' if taken else f'{"folded":>13}'
        print(f'  {red}{ID:{width}}{color_end}  {time}')
    print(f'  {"total":{width}}  {total * 1e3:10.3f} ms')

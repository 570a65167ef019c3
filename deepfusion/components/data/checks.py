"""What nodes check of their names, shapes and rates."""

from deepfusion.errors import NodeTypeError, OptionError, ShapeError


def check_ID(ID: str, kind: str) -> str:
    """Refuse an ID that is no string, or empty."""
    if not isinstance(ID, str) or not ID:
        raise NodeTypeError(f'{kind}: expected ID to be a non-empty string; found {ID!r:.60}. '
                            "Give a name as the first argument, such as 'conv1'.")
    return ID


def check_learning_rate(learning_rate: float, node: str) -> float:
    """Refuse a rate that is no number of at least 0."""
    try:
        if learning_rate >= 0:
            return float(learning_rate)
    except (TypeError, ValueError):
        pass
    raise OptionError(f'{node}: expected a learning rate of at least 0; found {learning_rate!r}.')


def check_shape(shape: tuple[int, ...], ID: str) -> tuple[int, ...]:
    """A shape as a tuple of plain integers; refuse anything else."""
    try:
        dims = tuple(int(n) for n in shape)
        valid = all(n >= 0 and n == m for n, m in zip(dims, shape, strict=True))
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ShapeError(f"Data '{ID}': expected shape to be a tuple of whole numbers like (1, 3); found {shape!r}.")
    return dims

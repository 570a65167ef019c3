"""The state after the last step of a sequence."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.rnn.recurrent import check_lengths, check_marks
from deepfusion.functional.broadcasting import common_batch
from deepfusion.functional.recurrent import step_mask

Array = Any


class LastState(Module):
    """What a recurrent module gave after the last step of each sequence; inputs [y] or [y, marks].

    Forward: `s = y[:, T - 1]`, or the last step that counts; when bidirectional, the second half of the
    columns comes from the first step that counts, where the other direction ends.
    Backward: `dy` is `ds` at those steps, 0 elsewhere.
    Shapes: y (B, T, W), s (B, W); marks as those of `LSTM`.

    Args:
        bidirectional: Whether y is that of a bidirectional module.

    Raises:
        ShapeError: The inputs are not as above, or the columns have no halves.

    Reference: h_n of the last layer of `torch.nn.RNN`; the s of an LSTM with `cells` is [h_n, c_n], ready to be
    the state that another LSTM starts from.

    Example:
        >>> s = LastState('s', [Data('y', (1, 3, 1), val=[[[1.], [2.], [3.]]])])
        >>> s.forward()
        >>> s.output.val
        array([[3.]], dtype=float32)
    """

    index_inputs = (1,)

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, bidirectional: bool = False) -> None:
        self.bidirectional = bidirectional
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        y = shapes[0]
        if len(y) != 3 or len(shapes) > 2:
            raise self.shape_error('inputs [y] or [y, marks], y of rank 3 (B, T, W)', f'shapes {list(shapes)}',
                                   'Give it what a recurrent module made.')
        if self.bidirectional and y[2] % 2:
            raise self.shape_error('an even number of columns, half of them for each direction', y[2],
                                   'Leave out bidirectional=True where the module runs in one direction.')
        if len(shapes) == 2:
            check_marks(self, shapes[1], y[1])
        return (1, y[2])

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        values = tuple(common_batch(xp, *values))
        y = values[0]
        batch, steps, width = y.shape
        last, first = xp.full(batch, steps - 1), xp.zeros(batch, int)
        if len(values) == 2:
            check_lengths(self, values[1], steps)
            mask = xp.broadcast_to(step_mask(xp, values[1], steps, y.dtype)[..., 0], (steps, batch))
            last, first = steps - 1 - mask[::-1].argmax(axis=0), mask.argmax(axis=0)
        forwards = width // 2 if self.bidirectional else width
        rows = xp.arange(batch)
        places = (((rows, last), slice(0, forwards)), ((rows, first), slice(forwards, width)))
        state = xp.concatenate([y[(*place, part)] for place, part in places], axis=1)
        return state, (y, places, len(values))

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        y, places, count = saved
        dy = xp.zeros_like(y)
        for place, part in places:
            dy[(*place, part)] = deriv[:, part]
        return (dy, None)[:count], {}

"""A learnt vector for each of a number of things."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.indices import check_indices
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError

Array = Any


class Embedding(Module):
    """Looks up a learnt vector for every index: words, characters, categories.

    Forward: `y = W[i]`.
    Backward: `dW[j] = sum dy` over the places where i = j.
    Shapes: i (B, ...), whole numbers from 0 to count - 1; y (B, ..., width); W (count, width).

    Args:
        count: How many vectors there are.
        width: How long each is.
        weight_init_type: How W starts, see `initial_value`.
        padding_idx: An index whose vector starts at 0 and gets no derivative.

    Raises:
        OptionError: count or width is missing, or an index is none of 0 ... count - 1.

    Reference: `torch.nn.Embedding`.

    Example:
        >>> e = Embedding('e', [Data('i', (1, 3), val=[[0, 1, 0]])], count=2, width=2, weight_init_type='One')
        >>> e.forward()
        >>> e.output.val.shape
        (1, 3, 2)
    """

    is_regularizable = True
    index_inputs = (0,)
    W: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        count: int = 0,
        width: int = 0,
        weight_init_type: Any = 'Normal',
        padding_idx: int | None = None,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.count, self.width = count, width
        self.weight_init_type, self.padding_idx = weight_init_type, padding_idx
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if not all(isinstance(n, int) and n > 0 for n in (self.count, self.width)):
            raise OptionError(f'{self!r}: expected count and width to be integers of at least 1; found '
                              f'{self.count!r} and {self.width!r}. Say how many vectors of which length.')
        if self.padding_idx is not None and not 0 <= self.padding_idx < self.count:
            raise OptionError(f'{self!r}: expected padding_idx from 0 to {self.count - 1}; found {self.padding_idx}. '
                              'Use one of the indices.')
        return (*shape, self.width)

    def declare_parameters(self, shape: tuple[int, ...]) -> None:
        W = self.add_parameter('W', (self.count, self.width), init=self.weight_init_type, regularizable=True)
        if self.padding_idx is not None:
            W.val[self.padding_idx] = 0

    def compute(self, xp: Any, indices: Array) -> tuple[Array, tuple[Any, ...]]:
        check_indices(self, 0, indices, self.count)
        return xp.take(self.W.val, indices, axis=0), (indices, self.W.val)

    def differentiate(self, xp: Any, deriv: Array, indices: Array, W: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if not self.needs_parameter('W'):
            return (None,), {}
        dW = xp.zeros_like(W)
        xp.add.at(dW, indices.reshape(-1), deriv.reshape(-1, self.width))
        if self.padding_idx is not None:
            dW[self.padding_idx] = 0
        return (None,), {'W': dW}

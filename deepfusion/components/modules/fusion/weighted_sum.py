"""Sum of inputs, each times a weight: a number that is given or learnt, or a map."""

import math
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError
from deepfusion.functional.elementwise import elementwise_into
from deepfusion.functional.softmax import softmax, softmax_derivative
from deepfusion.utils.names import look_up

Array = Any
LEARNED = {name: name for name in ('no', 'free', 'softmax', 'fast')}
FAST_EPSILON = 1e-4      # keeps the fast way's division finite, as in the paper


class WeightedSum(Module):
    """Fuses inputs of one shape by weights of their own, for whole inputs or for each place.

    Forward: `y = w1 x1 + ... + wn xn`. The weights are given; or the parameter `w`; or `w = softmax(logits)` of
        the parameter `logits`; or `w = relu(w') / (sum relu(w') + 1e-4)`, the fast way; or maps, `wi` being channel i
        of a further input. Normalized: `w / sum w`.
    Backward: `dxi = wi dy`, `dwi = sum xi dy` (over everything, or over the channels for a map), carried on
        through softmax, `dlogits = w (dw - sum w dw)`, or normalization, `dw' = (dw - sum w dw) / sum w'`.
    Shapes: xi and y (B, C, ...), maps (B, n, ...), w or logits (n,).

    Args:
        weights: One number per input, all 1 when not given. Learnt weights start there.
        learned: 'no', 'free' (the weights themselves), 'softmax' (their logits, which start at `log(weights)`) or
            'fast' (kept positive and divided by their sum).
        normalize: Whether the weights are divided by their sum.
        weight_map: Whether the last input holds the weights, one channel for each of the others.

    Raises:
        ShapeError: The inputs differ in shape, or there are not as many weights or channels as inputs.
        OptionError: Weights for a softmax are not positive, or options exclude each other.

    Reference: fast normalized fusion, Tan et al. 2020 (EfficientDet), section 3.3; maps, Liu et al. 2019
        (Learning Spatial Fusion for Single-Shot Object Detection), equation 2.

    Example:
        >>> a, b = Data('a', (1, 1), val=[[1.]]), Data('b', (1, 1), val=[[10.]])
        >>> s = WeightedSum('s', [a, b], weights=[3, 1], normalize=True)
        >>> s.forward()
        >>> s.output.val
        array([[3.25]], dtype=float32)
    """

    w: Data
    logits: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        weights: Any = None,
        learned: str = 'no',
        normalize: bool = False,
        weight_map: bool = False,
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
    ) -> None:
        self.weights, self.learned = weights, learned
        self.normalize, self.weight_map = normalize, weight_map
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        look_up(self.learned, LEARNED, f'way to learn the weights of {self!r}')
        count = len(shapes) - self.weight_map
        first = shapes[0]
        if count < 1 or any(shape != first for shape in shapes[:count]):
            raise self.shape_error('inputs of one shape', list(shapes[:count]), 'Resize or project them first.')
        if self.weight_map:
            self._check_maps(first, shapes[-1], count)
        else:
            self._check_numbers(count)
        return first

    def _check_maps(self, first: tuple[int, ...], maps: tuple[int, ...], count: int) -> None:
        if self.learned != 'no' or self.weights is not None:
            raise OptionError(f'{self!r}: expected no weights besides those of the map; found weights='
                              f'{self.weights!r}, learned={self.learned!r}. Leave them away, or weight_map.')
        if len(maps) != len(first) or maps[1] != count or any(m not in (1, n) for m, n in zip(
                maps[2:], first[2:], strict=True)):
            expected = (1, count, *first[2:])
            raise self.shape_error(f'a last input of shape {expected}', maps, 'Give it a channel for each input.')

    def _check_numbers(self, count: int) -> None:
        self._numbers = [1.0] * count if self.weights is None else [float(w) for w in self.weights]
        if len(self._numbers) != count:
            raise self.shape_error(f'{count} weights, one for each input', f'{len(self._numbers)}',
                                   'Give as many as there are inputs.')
        if self.learned == 'softmax' and min(self._numbers) <= 0:
            raise OptionError(f'{self!r}: expected positive weights for a softmax; found {self._numbers}. '
                              "Give others, or learned='free'.")
        if self.normalize and not sum(self._numbers):
            raise OptionError(f'{self!r}: expected weights whose sum is not 0, to be divided by it; '
                              f'found {self._numbers}. Give others, or normalize=False.')

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        if self.learned in ('free', 'fast'):
            self.add_parameter('w', (len(shapes),), init=self._numbers)
        elif self.learned == 'softmax':
            self.add_parameter('logits', (len(shapes),), init=[math.log(w) for w in self._numbers])

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        features = values[:-1] if self.weight_map else values
        weights, total = self._weigh(xp, values)

        count = len(features)

        def summed(*parts: Any, out: Array | None) -> Array:
            y = xp.multiply(parts[0], parts[count], out=out)
            for i in range(1, count):
                y = xp.add(y, parts[i] * parts[count + i], out=out)
            return y

        return elementwise_into(summed, *features, *weights), (features, weights, total)

    def _weigh(self, xp: Any, values: tuple[Array, ...]) -> tuple[Any, Any]:
        """The weights, numbered along axis 0, and the sum that they were divided by."""
        if self.learned == 'softmax':
            return softmax(self.logits.val, axis=0), 1.0      # sums to 1 already
        if self.weight_map:
            weights = xp.moveaxis(values[-1][:, :, None], 1, 0)     # (B, n, ...) -> (n, B, 1, ...)
        elif self.learned == 'fast':
            weights = xp.maximum(self.w.val, 0)
            total = weights.sum(axis=0) + FAST_EPSILON
            return weights / total, total
        elif self.learned == 'free':
            weights = self.w.val
        else:
            total = sum(self._numbers) if self.normalize else 1.0
            return [w / total for w in self._numbers], total
        total = weights.sum(axis=0) if self.normalize else 1.0
        return (weights / total if self.normalize else weights), total

    def differentiate(self, xp: Any, deriv: Array, features: tuple[Array, ...], weights: Any, total: Any
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        derivs = tuple(elementwise_into(xp.multiply, deriv, weights[i]) if self.needs_input(i) else None
                       for i in range(len(features)))
        if self.weight_map:
            dw = xp.stack([xp.einsum('bc...,bc...->b...', x, deriv)[:, None] for x in features])
            dw = self._through_normalization(dw, weights, total)
            return (*derivs, xp.moveaxis(dw, 0, 1)[:, :, 0]), {}
        if self.learned == 'no':
            return derivs, {}
        dw = xp.stack([(x * deriv).sum() for x in features])
        if self.learned == 'softmax':
            return derivs, {'logits': softmax_derivative(dw, weights, axis=0)}
        dw = self._through_normalization(dw, weights, total)
        return derivs, {'w': dw * (weights > 0) if self.learned == 'fast' else dw}

    def _through_normalization(self, dw: Array, weights: Array, total: Any) -> Array:
        return (dw - (dw * weights).sum(axis=0)) / total if self.normalize or self.learned == 'fast' else dw

"""Convolutions in test mode make the pass of the batch norm behind them, and of the ReLU behind that, as well.

With running statistics, batch norm multiplies each channel by a number and adds another. So it is part of the
convolution, with filters and a bias of its own:

    s = gamma / sqrt(running_var + epsilon)      F' = s F      b' = beta + s (b - running_mean)
    y = max(conv(x; F', b'), 0)

Backward is the exact adjoint, by way of the derivatives of F' and b':

    dF = s dF'      db = s db'      dbeta = db'
    dgamma = (sum F dF' + (b - running_mean) db') / sqrt(running_var + epsilon)

The values and derivatives between them are made when somebody asks for them, from what the filters and the input hold
then. It is done wherever the batch norm's mode is 'test', so that equal passes give equal numbers; they differ from
those of the modules one by one by rounding.

Reference: B. Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only
inference, CVPR 2018, section 3.2.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.data.stamps import stamp_of
from deepfusion.components.modules.activation_functions.relu import Relu
from deepfusion.components.modules.convolution import Convolution
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.batch_norm import BatchNorm
from deepfusion.functional.batch_norm import scale_channels
from deepfusion.functional.convolution import convolve, convolve_backward
from deepfusion.functional.winograd_filters import scaled
from deepfusion.utils.backend import array_module

Array = Any


class Folded:
    """A convolution, the batch norm that alone follows it, and perhaps the ReLU that alone follows that."""

    def __init__(self, *members: Any) -> None:
        self.members = members
        self.conv, self.norm, self.last = members[0], members[1], members[-1]
        self.ID = self.conv.ID          # under which its time is told
        self._saved: tuple[Any, ...] | None = None
        self._statistics: tuple[Array, ...] = ()        # those of the last forward: they may be set anew after it

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or one that was pickled, has made no pass yet."""
        return Folded, self.members

    def takes(self, method: str) -> bool:
        """Whether the next forward, or backward, is made at once."""
        if method == 'forward':
            return bool(self.norm.mode == 'test')
        saved = (member._saved for member in self.members)      # by another net's group, if that ran them last
        return all(isinstance(each, _Apart) and each.folded is self for each in saved)

    def forward(self) -> None:
        """Set the value of the last output, and have the others made when they are asked for."""
        conv, norm = self.conv, self.norm
        self._saved = None
        for member in self.members:     # as in `Module.forward`; what is made later holds the filters, too
            member._saved = None
            member.output._postponed.clear()
        conv._kept.stamp = stamp_of(conv.F)
        x, F = conv.inputs[0]._val, conv.F.made('_val')
        others = [x, norm.gamma.val, norm.beta.val, norm.running_mean, norm.running_var]
        others += [conv.b.val] if conv.bias else []
        if any(type(a) is not type(F) or a.dtype != F.dtype for a in others):
            for member in self.members:         # they know what to make of that, or what to say
                member.forward()
            return
        xp = array_module(x)
        norm_ = 1 / xp.sqrt(norm.running_var + norm.epsilon)
        scale, off = norm_ * norm.gamma.val.reshape(-1), -norm.running_mean
        if conv.bias:
            off = off + conv.b.val.reshape(-1)
        bias = norm.beta.val.reshape(-1) + scale * off

        def convolution(kept: Any = None, folded: bool = True, positive: bool = False) -> tuple[Array, Any]:
            b = conv.b.val.reshape(-1) if conv.bias else None
            return convolve(x, F, bias if folded else b, conv._windows, conv.groups, kept, scale if folded else None,
                            positive)

        with_relu = self.last is not norm
        y, saved = convolution(conv._kept, positive=with_relu)
        if with_relu:
            norm.output.postpone('_val', lambda: convolution()[0], y.shape)
        conv.output.postpone('_val', lambda: convolution(folded=False)[0], y.shape)
        self.last.output.set_result(y)
        self._saved = (y, saved, F, norm_, scale, off)
        self._statistics = norm.running_mean.copy(), norm.running_var.copy()
        for member in self.members:
            member._saved = _Apart(self, member)

    def backward(self) -> None:
        """Add to the derivatives of the input and of all parameters from that of the last output."""
        conv, norm, deriv = self.conv, self.norm, self.last.output._deriv
        if deriv is None:
            return
        y, saved, F, norm_, scale, off = self._saved or ()
        if self.last is not norm:
            ((deriv,), _) = self.last.differentiate(array_module(y), deriv, y)
            norm.output.postpone('_deriv', lambda: deriv, y.shape)
        conv.output.postpone('_deriv', lambda: scale_channels(deriv, y, scale), y.shape)
        gamma, beta = (norm.needs_parameter(name) for name in ('gamma', 'beta'))
        dx, dF, db = convolve_backward(deriv, saved, conv.needs_input(0), conv.needs_parameter('F') or gamma,
                                       beta or gamma or (conv.bias and conv.needs_parameter('b')))
        of_conv, of_norm = {}, {}
        if gamma:
            dscale = (dF * F).reshape(len(F), -1).sum(axis=1) + off * db
            of_norm['gamma'] = (norm_ * dscale).reshape(norm.gamma.shape)
        if db is not None:
            of_norm['beta'] = db.reshape(norm.beta.shape)
            if conv.bias:
                of_conv['b'] = (scale * db).reshape(conv.b.shape)
        if dF is not None:
            of_conv['F'] = scaled(dF, scale)
        norm._add((None,), of_norm)
        conv._add((dx,), of_conv)

    def saved_apart(self, member: Module) -> tuple[Any, ...]:
        """What a member's own forward would have saved."""
        norm = self.norm
        now = norm.mode, norm.running_mean, norm.running_var
        norm.mode, (norm.running_mean, norm.running_var) = 'test', self._statistics
        try:
            value = member.inputs[0].made('_val')
            return member.compute(array_module(value), value)[1]
        finally:
            norm.mode, norm.running_mean, norm.running_var = now


class _Apart:
    """Stands for what a member saved, for backward passes that do not go through all of them."""

    def __init__(self, folded: Folded, member: Module) -> None:
        self.folded, self._member = folded, member

    def __iter__(self) -> Iterator[Any]:
        self._member._saved = saved = self.folded.saved_apart(self._member)
        return iter(saved)


def find_folded(modules: Sequence[Module], root_nodes: Sequence[Data]) -> list[Folded]:
    """Those of the modules that can make a pass together."""
    roots, inside = set(root_nodes), set(modules)

    def follower(module: Module, kind: type[Module]) -> list[Module]:
        users = module.output.outputs
        alone = len(users) == 1 and users[0] in inside and module.output not in roots
        return [users[0]] if alone and _is_plain(users[0], kind) else []

    found = []
    for module in modules:
        if _is_plain(module, Convolution) and not module.standardize_weights:       # type: ignore[attr-defined]
            for norm in follower(module, BatchNorm):
                found.append(Folded(module, norm, *follower(norm, Relu)))
    return found


def _is_plain(module: Module, kind: type[Module]) -> bool:
    """Whether a module's passes are those of that class."""
    return isinstance(module, kind) and all(getattr(type(module), name) is getattr(kind, name)
                                            for name in ('forward', 'backward', 'compute', 'differentiate'))


def with_folded(modules: Sequence[Module], groups: Sequence[Folded], method: str) -> Sequence[Module | Folded]:
    """The modules in order, groups that can make the next forward, or backward, in place of their members."""
    inside = set(modules)
    groups = [group for group in groups if group.takes(method) and inside.issuperset(group.members)]
    if not groups:
        return modules
    places = {group.last: group for group in groups}
    others = {member for group in groups for member in group.members} - places.keys()
    return [places.get(module, module) for module in modules if module not in others]

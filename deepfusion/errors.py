"""The errors of DeepFusion. Each says in one sentence which node, what was expected, what came, and the fix."""


class DeepFusionError(Exception):
    """What all errors raised by DeepFusion have in common."""

    def __str__(self) -> str:
        # KeyError would show its message in quotes.
        return ' '.join(str(arg) for arg in self.args)


class ShapeError(DeepFusionError, ValueError):
    """A shape, rank or batch size does not fit."""


class GraphError(DeepFusionError, ValueError):
    """The wiring of nodes is wrong: two nodes with one ID, a cycle, a Data made twice, a node not in the net."""


class OptionError(DeepFusionError, ValueError):
    """An option has a value outside its range or of the wrong kind."""


class UnknownNameError(OptionError, KeyError):
    """A name (of a node, optimizer, regularizer, initializer, mode, ...) is not among the known ones."""


class NodeTypeError(DeepFusionError, TypeError, ValueError):
    """Something that is not a Data or Module was given where one is needed."""


class MissingValueError(DeepFusionError, ValueError):
    """A value is needed that nobody has set."""


class NonFiniteError(DeepFusionError, ArithmeticError):
    """A NaN or an infinity appeared while `net.check_finite` is on."""


class FileFormatError(DeepFusionError, ValueError):
    """A file is damaged, foreign, or describes something that is not known here."""


class BackendError(DeepFusionError, RuntimeError, ValueError):
    """A device or precision is unknown or not available on this machine."""


class FileAccessError(DeepFusionError, OSError):
    """A file or folder cannot be read or written."""


class MissingFileError(FileAccessError, FileNotFoundError):
    """A file that is needed is not there."""

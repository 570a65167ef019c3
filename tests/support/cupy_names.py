"""What CuPy 14.2 offers of NumPy's names, read from the package itself (it imports without a GPU).

The strict device offers these and no others. `test_strict.py` compares the lists with CuPy where it is there.
"""
# ruff: noqa: SIM905

# Functions, types and constants that `cupy` and `numpy` have in common (printing, files and Python callbacks
# are left out: no module needs them).
NAMES = frozenset("""
    abs absolute acos acosh add all allclose amax amin angle any append arange arccos arccosh arcsin
    arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around array array_equal
    array_equiv array_split asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray asin
    asinh astype atan atan2 atanh atleast_1d atleast_2d atleast_3d average bartlett bincount bitwise_and
    bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
    blackman bool bool_ broadcast broadcast_arrays broadcast_shapes broadcast_to byte c_ can_cast cbrt
    cdouble ceil choose clip column_stack common_type complex128 complex64 complexfloating compress concat
    concatenate conj conjugate convolve copy copysign copyto corrcoef correlate cos cosh count_nonzero cov
    cross csingle cumprod cumsum cumulative_prod cumulative_sum deg2rad degrees delete diag diag_indices
    diag_indices_from diagflat diagonal diff digitize divide divmod dot double dsplit dstack dtype e
    ediff1d einsum empty empty_like equal euler_gamma exp exp2 expand_dims expm1 extract eye fabs
    fill_diagonal finfo fix flatiter flatnonzero flip fliplr flipud float16 float32 float64 float_power
    floating floor floor_divide fmax fmin fmod frexp from_dlpack full full_like gcd generic gradient
    greater greater_equal half hamming hanning heaviside histogram histogram2d histogramdd hsplit hstack
    hypot i0 identity iinfo imag in1d index_exp indices inexact inf inner int16 int32 int64 int8 int_ intc
    integer interp intersect1d intp invert isclose iscomplex iscomplexobj isdtype isfinite isin isinf
    isnan isneginf isposinf isreal isrealobj isscalar issubdtype ix_ kaiser kron lcm ldexp left_shift less
    less_equal lexsort linspace log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not
    logical_or logical_xor logspace long longlong mask_indices matmul matrix_transpose max maximum
    may_share_memory mean median meshgrid mgrid min min_scalar_type minimum mod modf moveaxis multiply nan
    nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod nanstd
    nansum nanvar ndarray ndim ndindex negative newaxis nextafter nonzero not_equal number ogrid ones
    ones_like outer packbits pad partition percentile permute_dims pi place poly poly1d polyadd polyfit
    polymul polysub polyval positive pow power prod promote_types ptp put put_along_axis putmask quantile
    r_ rad2deg radians ravel ravel_multi_index real real_if_close reciprocal remainder repeat reshape
    resize result_type right_shift rint roll rollaxis roots rot90 round row_stack s_ searchsorted select
    setdiff1d setxor1d shape shares_memory short sign signbit signedinteger sin sinc single sinh size sort
    sort_complex split sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tan tanh
    tensordot tile trace transpose trapezoid trapz tri tril tril_indices tril_indices_from trim_zeros triu
    triu_indices triu_indices_from true_divide trunc ubyte ufunc uint uint16 uint32 uint64 uint8 uintc
    uintp ulong ulonglong union1d unique unique_all unique_counts unique_inverse unique_values unpackbits
    unravel_index unsignedinteger unwrap ushort vander var vdot vsplit vstack where zeros zeros_like
""".split())

LINALG = frozenset("""
    LinAlgError cholesky cond cross det eig eigh eigvals eigvalsh inv lstsq matmul matrix_power
    matrix_rank matrix_transpose norm pinv qr slogdet solve svd tensorinv tensorsolve
""".split())

# Attributes and methods of `cupy.ndarray`.
ATTRIBUTES = frozenset('T base dtype flags imag itemsize mT nbytes ndim real shape size strides'.split())
METHODS = frozenset("""
    all any argmax argmin argpartition argsort astype choose clip compress conj conjugate copy cumprod
    cumsum diagonal dot fill flatten item max mean min nonzero partition prod ptp put ravel repeat reshape
    round searchsorted sort squeeze std sum swapaxes take tolist trace transpose var view
""".split())

# Where NumPy's function takes keywords that CuPy's does not: all that CuPy's takes.
KEYWORDS = {name: frozenset(words.split()) for name, words in {
    'all': 'a axis out keepdims',
    'amax': 'a axis out keepdims',
    'amin': 'a axis out keepdims',
    'any': 'a axis out keepdims',
    'arange': 'start stop step dtype',
    'argpartition': 'a kth axis',
    'argsort': 'a axis kind',
    'ascontiguousarray': 'a dtype',
    'asfortranarray': 'a dtype',
    'astype': 'x dtype copy',
    'bincount': 'x weights minlength',
    'broadcast_to': 'array shape',
    'can_cast': 'from_ to casting',
    'clip': 'a a_min a_max out',
    'concat': 'tup axis out dtype casting',
    'concatenate': 'tup axis out dtype casting',
    'copy': 'a order',
    'copyto': 'dst src casting where',
    'count_nonzero': 'a axis',
    'delete': 'arr indices axis',
    'dot': 'a b out',
    'empty': 'shape dtype order',
    'empty_like': 'prototype dtype order subok shape',
    'extract': 'condition a',
    'eye': 'N M k dtype order',
    'full': 'shape fill_value dtype order',
    'full_like': 'a fill_value dtype order subok shape',
    'identity': 'n dtype',
    'in1d': 'ar1 ar2 assume_unique invert',
    'indices': 'dimensions dtype',
    'inner': 'a b',
    'intersect1d': 'arr1 arr2 assume_unique return_indices',
    'isin': 'element test_elements assume_unique invert',
    'lexsort': 'keys',
    'linspace': 'start stop num endpoint retstep dtype axis',
    'max': 'a axis out keepdims',
    'may_share_memory': 'a b max_work',
    'mean': 'a axis dtype out keepdims',
    'min': 'a axis out keepdims',
    'nanmax': 'a axis out keepdims',
    'nanmean': 'a axis dtype out keepdims',
    'nanmin': 'a axis out keepdims',
    'nanprod': 'a axis dtype out keepdims',
    'nanstd': 'a axis dtype out ddof keepdims',
    'nansum': 'a axis dtype out keepdims',
    'nanvar': 'a axis dtype out ddof keepdims',
    'ones': 'shape dtype order',
    'ones_like': 'a dtype order subok shape',
    'packbits': 'a axis bitorder',
    'partition': 'a kth axis',
    'percentile': 'a q axis out overwrite_input method keepdims interpolation',
    'prod': 'a axis dtype out keepdims',
    'putmask': 'a mask values',
    'quantile': 'a q axis out overwrite_input method keepdims interpolation',
    'ravel_multi_index': 'multi_index dims mode order',
    'reshape': 'a newshape order copy',
    'result_type': 'arrays_and_dtypes',
    'shares_memory': 'a b max_work',
    'sort': 'a axis kind',
    'std': 'a axis dtype out ddof keepdims',
    'sum': 'a axis dtype out keepdims',
    'take': 'a indices axis out',
    'tri': 'N M k dtype',
    'trim_zeros': 'filt trim',
    'union1d': 'arr1 arr2',
    'unique': 'ar return_index return_inverse return_counts axis equal_nan',
    'unpackbits': 'a axis bitorder',
    'unravel_index': 'indices dims order',
    'var': 'a axis dtype out ddof keepdims',
    'vdot': 'a b',
    'where': 'condition x y',
    'zeros': 'shape dtype order',
    'zeros_like': 'a dtype order subok shape',
    'einsum': 'dtype optimize casting order',
}.items()}

# What functions take as their first argument: rows of arrays, other sequences; all the others want an array.
ARRAYS_IN_A_ROW = {'concatenate', 'concat', 'stack', 'vstack', 'hstack', 'dstack', 'column_stack'}
SEQUENCES = {'zeros', 'ones', 'empty', 'full', 'indices', 'broadcast_shapes', 'ravel_multi_index',
             'unravel_index', 'dtype', 'lexsort', 'select', 'meshgrid', 'ix_', 'isscalar', 'shape', 'ndim'}
DEVICE_RESULTS = {'array_equal', 'allclose', 'array_equiv', 'count_nonzero'}   # NumPy answers on the host

# The methods of element-wise functions, with the functions that have them, and the types that `.at` adds up.
UFUNC_METHODS = {'reduce': ('add', 'multiply'), 'accumulate': ('add', 'multiply'), 'reduceat': ('add',),
                 'at': ('add', 'maximum', 'minimum'), 'outer': ()}
SCATTERED = {'int32', 'uint32', 'uint64', 'float16', 'float32', 'float64'}

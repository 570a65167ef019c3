"""Attention and positional encodings."""

from deepfusion.components.modules.attention.learned_encoding import LearnedEncoding
from deepfusion.components.modules.attention.multi_head_attention import MultiHeadAttention
from deepfusion.components.modules.attention.rotary_encoding import RotaryEncoding
from deepfusion.components.modules.attention.scaled_dot_product_attention import ScaledDotProductAttention
from deepfusion.components.modules.attention.sinusoidal_encoding import SinusoidalEncoding

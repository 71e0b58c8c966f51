"""The networks of the zoo that are tried every time; the others are among the long tests.

Together they run every line of capture, coupling and removal that the whole zoo runs, with every
operator that is in it, and each that once stumbled is here. They were chosen one by one, each time
the one that added the most lines for its time; whoever adds a network with a rule of its own adds
it here, too.
"""

from typing import Final

CORE: Final = frozenset({
    "adaptive_pool_flatten", "addmm_parameter", "argmax_head", "assigned_row", "assigned_slice",
    "auxiliary", "bilinear_layer", "cat_with_input", "cells", "channel_shuffle_module",
    "chosen_by_input", "constant_branch", "conv1d_chain", "conv3d_chain", "conv_chain",
    "conv_mixer", "conv_over_channels", "convolutions_then_gru", "cumulative_channels",
    "decoder_layer", "deformable_conv", "depthwise_on_input", "depthwise_transposed", "dict_input",
    "dropout_between", "efficient_channel_attention", "einsum_attention", "encoder_pre_norm",
    "experts_returned", "few_keys_native", "flip_path", "fourier_channels", "fourier_mixer",
    "frozen_batch_norm_chain", "global_filter", "glu_residual", "group_conv_on_input",
    "group_conv_transposed", "group_norm_conv", "grouped_query_interleave", "highway", "inception",
    "instance_norm_affine", "interpolate_between", "inverse_matrix", "length_normalised",
    "listed_channels", "lstm_bidirectional", "lstm_projected", "many_activations",
    "masked_attention", "mixture_fetched", "mixture_sorted", "number_in_buffer",
    "one_sample_statistics", "packed_attention_chunk", "packed_per_head", "permuted_by_index",
    "pixel_shuffle", "pixel_unshuffle", "pooled_channels", "pooled_grid", "prelu_per_channel",
    "relu_linear_attention", "repeat_channels", "repeat_interleave", "residual_new_zeros",
    "residual_padded", "residual_zero_concat", "rms_norm_mlp", "rnn_tagger", "rolled_channels",
    "rotary_attention", "scalar_of_all", "select_gate", "spectral_norm", "stack_interleave",
    "standardised_by_batch_norm", "strided_channel_filter", "tied_autoencoder", "tile_features",
    "tokens_only", "top_channels", "torch_attention_weights", "transposed_conv1d",
    "views_round_trip", "weight_norm_chain", "weighted_sum", "window_attention",
})  # fmt: skip

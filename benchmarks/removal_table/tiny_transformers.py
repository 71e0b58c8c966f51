"""Configurations of transformers made tiny: each its class, its kind of input, and its sizes."""

from collections.abc import Mapping
from typing import Any, Final

TINY: Final[dict[str, Any]] = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "max_position_embeddings": 32, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48, "d_ff": 48, "d_kv": 8, "num_layers": 2, "num_heads": 4,
    "num_decoder_layers": 2, "num_encoder_layers": 2, "image_size": 32, "patch_size": 8,
    "embedding_size": 32, "use_cache": False, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2, "num_experts": 4, "num_local_experts": 4, "moe_intermediate_size": 24,
    "num_experts_per_tok": 2, "state_size": 8,
}  # fmt: skip
_SPEECH: Final[dict[str, Any]] = {
    "conv_dim": (16, 16), "conv_kernel": (10, 4), "conv_stride": (5, 4),
    "num_feat_extract_layers": 2, "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4, "feat_extract_norm": "layer",
}  # fmt: skip
_STAGES: Final[dict[str, Any]] = {"hidden_sizes": [16, 24, 32, 48], "depths": [1, 1, 1, 1]}
_CONVNEXT: Final = {**_STAGES, "patch_size": 4, "num_stages": 4}
_SWIN: Final[dict[str, Any]] = {
    "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "image_size": 64,
    "patch_size": 4,
}  # fmt: skip
_PAIR: Final[dict[str, Any]] = {
    "text_config": {
        "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 32, "eos_token_id": 2,
        "pad_token_id": 0, "bos_token_id": 1,
    },
    "vision_config": {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "image_size": 32, "patch_size": 8,
    },
    "projection_dim": 24,
}  # fmt: skip
_MLA: Final[dict[str, Any]] = {
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
    "v_head_dim": 8, "n_routed_experts": 4, "n_group": 1, "topk_group": 1,
    "first_k_dense_replace": 1, "num_key_value_heads": 4,
}  # fmt: skip
_T5: Final[dict[str, Any]] = {"decoder_start_token_id": 0}

TRANSFORMERS: Final[dict[str, tuple[str, str, Mapping[str, Any]]]] = {
    # decoders
    "gpt2": ("GPT2LMHeadModel", "text", {}),
    "gpt_neo": ("GPTNeoForCausalLM", "text", {"attention_types": [[["global", "local"], 1]]}),
    "gpt_neox": ("GPTNeoXForCausalLM", "text", {}),
    "gptj": ("GPTJForCausalLM", "text", {"rotary_dim": 4}),
    "gpt_bigcode": ("GPTBigCodeForCausalLM", "text", {}),
    "opt": ("OPTForCausalLM", "text", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "bloom": ("BloomForCausalLM", "text", {}),
    "llama": ("LlamaForCausalLM", "text", {}),
    "mistral": ("MistralForCausalLM", "text", {}),
    "qwen2": ("Qwen2ForCausalLM", "text", {}),
    "qwen3": ("Qwen3ForCausalLM", "text", {}),
    "gemma": ("GemmaForCausalLM", "text", {}),
    "gemma2": ("Gemma2ForCausalLM", "text", {}),
    "gemma3": ("Gemma3ForCausalLM", "text", {}),
    "phi": ("PhiForCausalLM", "text", {"num_key_value_heads": 4}),
    "phi3": ("Phi3ForCausalLM", "text", {}),
    "stablelm": ("StableLmForCausalLM", "text", {}),
    "falcon": ("FalconForCausalLM", "text", {}),
    "mpt": ("MptForCausalLM", "text", {"max_seq_len": 32}),
    "codegen": ("CodeGenForCausalLM", "text", {"rotary_dim": 4}),
    "olmo2": ("Olmo2ForCausalLM", "text", {}),
    "cohere": ("CohereForCausalLM", "text", {}),
    "starcoder2": ("Starcoder2ForCausalLM", "text", {}),
    "granite": ("GraniteForCausalLM", "text", {}),
    "glm": ("GlmForCausalLM", "text", {}),
    "nemotron": ("NemotronForCausalLM", "text", {}),
    "smollm3": ("SmolLM3ForCausalLM", "text", {}),
    "xglm": ("XGLMForCausalLM", "text", {"attention_heads": 4, "ffn_dim": 48}),
    "biogpt": ("BioGptForCausalLM", "text", {}),
    "diffllama": ("DiffLlamaForCausalLM", "text", {}),
    # experts
    "mixtral": ("MixtralForCausalLM", "text", {}),
    "qwen2_moe": ("Qwen2MoeForCausalLM", "text", {"shared_expert_intermediate_size": 24}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", "text", {}),
    "olmoe": ("OlmoeForCausalLM", "text", {}),
    "granitemoe": ("GraniteMoeForCausalLM", "text", {}),
    "deepseek_v3": ("DeepseekV3ForCausalLM", "text", _MLA),
    "gpt_oss": ("GptOssForCausalLM", "text", {}),
    "switch_transformers": (
        "SwitchTransformersForConditionalGeneration", "text pair",
        {**_T5, "num_sparse_encoder_layers": 1, "num_sparse_decoder_layers": 1},
    ),
    # state space
    "mamba": ("MambaForCausalLM", "text", {"time_step_rank": 4}),
    "mamba2": (
        "Mamba2ForCausalLM", "text", {"num_heads": 8, "head_dim": 8, "n_groups": 2, "chunk_size": 4}
    ),
    "falcon_mamba": ("FalconMambaForCausalLM", "text", {"time_step_rank": 4}),
    "rwkv": ("RwkvForCausalLM", "text", {"context_length": 32}),
    "jamba": (
        "JambaForCausalLM", "text",
        {"attn_layer_period": 2, "attn_layer_offset": 1, "mamba_d_state": 8, "mamba_dt_rank": 4,
         "use_mamba_kernels": False},
    ),
    "recurrent_gemma": ("RecurrentGemmaForCausalLM", "text", {"lru_width": 32}),
    # encoders
    "bert": ("BertForSequenceClassification", "text", {}),
    "roberta": ("RobertaForMaskedLM", "text", {}),
    "distilbert": (
        "DistilBertForSequenceClassification", "text",
        {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4},
    ),
    "albert": ("AlbertForMaskedLM", "text", {}),
    "electra": ("ElectraForSequenceClassification", "text", {}),
    "deberta": ("DebertaForSequenceClassification", "text", {"pos_att_type": ["c2p", "p2c"],
                                                             "relative_attention": True}),
    "deberta_v2": ("DebertaV2ForSequenceClassification", "text", {"pos_att_type": ["c2p", "p2c"],
                                                                  "relative_attention": True}),
    "mpnet": ("MPNetForSequenceClassification", "text", {}),
    "modernbert": ("ModernBertForSequenceClassification", "text", {}),
    "fnet": ("FNetForSequenceClassification", "text", {"type_vocab_size": 2}),
    "squeezebert": ("SqueezeBertForSequenceClassification", "text", {}),
    "convbert": ("ConvBertForSequenceClassification", "text", {}),
    "mobilebert": (
        "MobileBertForSequenceClassification", "text",
        {"intra_bottleneck_size": 16, "num_feedforward_networks": 2, "true_hidden_size": 16},
    ),
    "roformer": ("RoFormerForSequenceClassification", "text", {}),
    "nystromformer": (
        "NystromformerForSequenceClassification", "text", {"segment_means_seq_len": 8,
                                                           "num_landmarks": 8}
    ),
    "funnel": (
        "FunnelForSequenceClassification", "text",
        {"block_sizes": [1, 1], "n_head": 4, "d_head": 8, "d_inner": 48},
    ),
    "xlnet": ("XLNetForSequenceClassification", "text", {"d_inner": 48, "d_head": 8}),
    "canine": ("CanineForSequenceClassification", "text", {}),
    "esm": ("EsmForMaskedLM", "text", {"mask_token_id": 3}),
    "ibert": ("IBertForSequenceClassification", "text", {}),
    # encoder and decoder
    "t5": ("T5ForConditionalGeneration", "text pair", _T5),
    "umt5": ("UMT5ForConditionalGeneration", "text pair", _T5),
    "longt5": ("LongT5ForConditionalGeneration", "text pair", _T5),
    "bart": ("BartForConditionalGeneration", "text pair", _T5),
    "mbart": ("MBartForConditionalGeneration", "text pair", _T5),
    "pegasus": ("PegasusForConditionalGeneration", "text pair", _T5),
    "marian": ("MarianMTModel", "text pair", _T5),
    "m2m_100": ("M2M100ForConditionalGeneration", "text pair", _T5),
    "blenderbot": ("BlenderbotForConditionalGeneration", "text pair", _T5),
    "prophetnet": ("ProphetNetForConditionalGeneration", "text pair", {
        **_T5, "num_encoder_attention_heads": 4, "num_decoder_attention_heads": 4}),
    # vision
    "vit": ("ViTForImageClassification", "image", {}),
    "deit": ("DeiTForImageClassification", "image", {}),
    "beit": ("BeitForImageClassification", "image", {"use_relative_position_bias": True}),
    "swin": ("SwinForImageClassification", "image 64", _SWIN),
    "swinv2": ("Swinv2ForImageClassification", "image 64", _SWIN),
    "convnext": ("ConvNextForImageClassification", "image 64", _CONVNEXT),
    "convnextv2": ("ConvNextV2ForImageClassification", "image 64", _CONVNEXT),
    "resnet": ("ResNetForImageClassification", "image", {**_STAGES, "embedding_size": 16}),
    "regnet": ("RegNetForImageClassification", "image", {**_STAGES, "embedding_size": 16,
                                                         "groups_width": 8}),
    "segformer": (
        "SegformerForSemanticSegmentation", "image 64",
        {**_STAGES, "num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 32,
         "patch_sizes": [7, 3, 3, 3]},
    ),
    "mobilevit": (
        "MobileViTForImageClassification", "image 64",
        {"hidden_sizes": [16, 24, 32], "neck_hidden_sizes": [8, 16, 16, 24, 32, 40, 64],
         "patch_size": 2},
    ),
    "mobilenet_v2": ("MobileNetV2ForImageClassification", "image", {"depth_multiplier": 0.35}),
    "pvt": (
        "PvtForImageClassification", "image 64",
        {**_STAGES, "num_attention_heads": [1, 2, 2, 4], "patch_sizes": [4, 2, 2, 2],
         "image_size": 64},
    ),
    "poolformer": ("PoolFormerForImageClassification", "image 64", _STAGES),
    "dinov2": ("Dinov2ForImageClassification", "image", {}),
    "levit": (
        "LevitForImageClassification", "image 64",
        {"hidden_sizes": [16, 24, 32], "num_attention_heads": [2, 3, 4], "depths": [1, 1, 1],
         "key_dim": [8, 8, 8], "image_size": 64, "patch_size": 16},
    ),
    "cvt": (
        "CvtForImageClassification", "image 64",
        {"embed_dim": [16, 24, 32], "num_heads": [1, 2, 4], "depth": [1, 2, 3],
         "patch_sizes": [7, 3, 3]},
    ),
    "focalnet": ("FocalNetForImageClassification", "image 64", {
        "embed_dim": 16, "depths": [1, 1], "hidden_sizes": [16, 32], "focal_levels": [2, 2],
        "focal_windows": [3, 3], "patch_size": 4, "image_size": 64}),
    "hiera": ("HieraForImageClassification", "image 64", {
        "embed_dim": 16, "depths": [1, 1], "num_heads": [1, 2], "image_size": [64, 64],
        "patch_size": [7, 7], "masked_unit_size": [4, 4], "query_stride": [2, 2],
        "num_query_pool": 1}),
    "yolos": ("YolosForObjectDetection", "image", {"image_size": [32, 32],
                                                   "num_detection_tokens": 6}),
    "dpt": ("DPTForDepthEstimation", "image", {
        "neck_hidden_sizes": [8, 16, 24, 32], "fusion_hidden_size": 16, "num_hidden_layers": 4,
        "backbone_out_indices": [0, 1, 2, 3], "image_size": 32}),
    "glpn": ("GLPNForDepthEstimation", "image 64", {
        **_STAGES, "num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 16}),
    "vitdet": ("VitDetModel", "image", {"window_size": 2, "residual_block_indices": [0],
                                        "window_block_indices": [1]}),
    "swin2sr": ("Swin2SRForImageSuperResolution", "image", {
        "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4,
        "patch_size": 1, "upscale": 2}),
    "videomae": ("VideoMAEForVideoClassification", "video", {"num_frames": 4}),
    "timesformer": ("TimesformerForVideoClassification", "video", {"num_frames": 4}),
    # speech and sound
    "wav2vec2": ("Wav2Vec2ForCTC", "wave", _SPEECH),
    "hubert": ("HubertForCTC", "wave", _SPEECH),
    "wavlm": ("WavLMForCTC", "wave", _SPEECH),
    "unispeech": ("UniSpeechForCTC", "wave", _SPEECH),
    "data2vec_audio": ("Data2VecAudioForCTC", "wave", _SPEECH),
    "sew": ("SEWForCTC", "wave", {**_SPEECH, "squeeze_factor": 2}),
    "whisper": ("WhisperForConditionalGeneration", "spectrogram pair", {
        "max_source_positions": 16, "max_target_positions": 32, "num_mel_bins": 16, **_T5}),
    "speech_to_text": ("Speech2TextForConditionalGeneration", "frames pair", {
        "input_feat_per_channel": 16, "input_channels": 1, "conv_channels": 32,
        "max_source_positions": 64, "max_target_positions": 32, **_T5}),
    "audio_spectrogram_transformer": ("ASTForAudioClassification", "spectrum", {
        "max_length": 32, "num_mel_bins": 16}),
    "encodec": ("EncodecModel", "sound", {
        "num_filters": 8, "hidden_size": 32, "codebook_dim": 32, "codebook_size": 16,
        "upsampling_ratios": [4, 2], "num_lstm_layers": 1}),
    # several kinds of inputs
    "clip": ("CLIPModel", "image text", _PAIR),
    "siglip": ("SiglipModel", "image text", _PAIR),
    "chinese_clip": ("ChineseCLIPModel", "image text", _PAIR),
    "blip": ("BlipForImageTextRetrieval", "image text", {**_PAIR, "image_text_hidden_size": 24}),
    "vilt": ("ViltForQuestionAnswering", "image text", {"num_labels": 4}),
    "visual_bert": ("VisualBertModel", "regions text", {"visual_embedding_dim": 20}),
    "lxmert": ("LxmertModel", "boxes text", {
        "l_layers": 1, "x_layers": 1, "r_layers": 1, "visual_feat_dim": 20}),
    "git": ("GitForCausalLM", "image text", {"vision_config": _PAIR["vision_config"]}),
    "owlvit": ("OwlViTModel", "image text", _PAIR),
    # series
    "patchtst": ("PatchTSTForPrediction", "series", {
        "num_input_channels": 3, "context_length": 32, "patch_length": 8, "patch_stride": 8,
        "ffn_dim": 48, "prediction_length": 8}),
    "patchtsmixer": ("PatchTSMixerForPrediction", "series", {
        "num_input_channels": 3, "context_length": 32, "patch_length": 8, "patch_stride": 8,
        "prediction_length": 8}),
    "decision_transformer": ("DecisionTransformerModel", "trajectory", {
        "state_dim": 5, "act_dim": 3}),
}  # fmt: skip
"""Name → class of transformers, kind of input, and what its configuration says besides TINY."""

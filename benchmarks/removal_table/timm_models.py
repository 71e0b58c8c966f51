"""Models of timm, one small one of each family, with random weights."""

from typing import Any, Final

from torch import nn

from benchmarks.removal_table.inputs import Inputs, images

TIMM: Final = (
    "beit_base_patch16_224", "beitv2_base_patch16_224", "botnet26t_256", "cait_xxs24_224",
    "coat_tiny", "coatnet_nano_rw_224", "convit_tiny", "convmixer_768_32", "convnext_atto",
    "cpubone_nano", "crossvit_tiny_240", "cs3darknet_focus_s", "csatv2", "cspnext_tiny",
    "davit_tiny", "deit_tiny_patch16_224", "densenet121", "dla34", "dla46x_c", "dpn48b",
    "eca_resnet33ts", "edgenext_xx_small", "efficientformer_l1", "efficientformerv2_s0",
    "efficientnet_lite0", "efficientvim_m1", "efficientvit_b0", "efficientvit_m0", "fasternet_t0",
    "fastvit_t8", "focalnet_tiny_srf", "gcresnet33ts", "gcvit_xxtiny", "ghostnet_050",
    "ghostnetv3_050", "gmixer_12_224", "gmlp_ti16_224", "halonet_h1", "hardcorenas_b",
    "hgnetv2_b0", "hiera_tiny_224", "hrnet_w18_small", "iformer_t", "inception_next_atto",
    "inception_resnet_v2", "inception_v3", "inception_v4", "lambda_resnet26t", "lcnet_050",
    "lcnetv2_small", "legacy_seresnet18", "levit_128s", "levit_conv_128s", "lowformer_b0",
    "mambaout_femto", "maxvit_rmlp_pico_rw_256", "mixer_s32_224", "mixnet_s", "mnasnet_050",
    "mobilenetv3_small_050", "mobilenetv4_conv_small", "mobilenetv4_hybrid_medium",
    "mobileone_s0", "mobilevit_xxs", "mobilevitv2_050", "mvitv2_tiny", "nest_tiny",
    "nextvit_small", "nfnet_l0", "pit_ti_224", "poolformer_s12", "pvt_v2_b0", "rdnet_tiny",
    "regnetx_002", "regnety_002", "regnetz_005", "repghostnet_050", "repvgg_a0", "repvit_m1",
    "res2net50_14w_8s", "resmlp_12_224", "resnest14d", "resnet18", "resnetv2_18", "rexnet_100",
    "samvit_base_patch16_224", "selecsls42", "semnasnet_050", "sequencer2d_s", "shvit_s1",
    "skresnet18", "starnet_s050", "swiftformer_xs", "swin_tiny_patch4_window7_224",
    "swinv2_cr_tiny_ns_224", "swinv2_tiny_window8_256", "test_nfnet", "test_vit", "tiny_vit_5m_224",
    "tinynet_e", "tnt_s_legacy_patch16_224", "tresnet_m", "twins_svt_small", "vgg11_bn",
    "visformer_tiny", "vit_tiny_patch16_dinov3_qkvb", "vit_tiny_r_s16_p8_224", "vitamin_small_224",
    "volo_d1_224", "vovnet39a", "xception41", "xcit_nano_12_p16_224",
)  # fmt: skip
"""Each of a family of its own."""

_SIDES: Final = {
    "inception_v3": 96, "inception_v4": 96, "inception_resnet_v2": 96, "botnet26t_256": 256,
    "halonet_h1": 256, "lambda_resnet26t": 256,
}  # fmt: skip
_SHORTER: Final[dict[str, dict[str, Any]]] = {
    "beit_base_patch16_224": {"depth": 3}, "beitv2_base_patch16_224": {"depth": 3},
    "samvit_base_patch16_224": {"depth": 3, "global_attn_indexes": (2,)},
    "cait_xxs24_224": {"depth": 6},
}  # fmt: skip
"""Families without a small member: fewer blocks of the same kind."""
_FIXED: Final = (
    "_224", "_240", "levit", "visformer", "samvit", "coat_", "gcvit", "convit", "efficientformer",
    "nest",
)  # fmt: skip
"""Parts of the names of models whose image size is built in."""


def timm_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return the model ``name`` and three images of a size that it takes."""
    import timm

    side = int(timm.get_pretrained_cfg(name, allow_unregistered=False).input_size[-1])
    free = not any(part in name for part in (*_FIXED, "_256"))
    model = timm.create_model(name, **_SHORTER.get(name, {}))
    return model, images(_SIDES.get(name, 64 if free else side))

"""What libraries read for each file or page is read once, in a process and those that it forks.

torch's exporter parses every function of onnxscript's library for each ONNX file: half of the time
of a small network's. Streamlit looks through the metadata of every installed package for each page
of a test and each server.
"""

import functools


def operators_of_onnx() -> None:
    """Have ONNX files written with what is read for the first of them."""
    from torch.onnx._internal.exporter import _registration

    apis = _registration.onnxscript_apis
    if not hasattr(apis.get_torchlib_ops, "cache_info"):
        apis.get_torchlib_ops = functools.cache(apis.get_torchlib_ops)


def components_of_packages() -> None:
    """Have pages and servers begin with what is read for the first of them."""
    from streamlit.components.v2 import manifest_scanner

    if not hasattr(manifest_scanner.scan_component_manifests, "cache_info"):
        manifest_scanner.scan_component_manifests = functools.cache(
            manifest_scanner.scan_component_manifests
        )

"""The script beside an export that shows how each file is loaded. Torch-free.

It needs nothing of this project: the reader's own class, or the file alone.
"""

from collections.abc import Iterable
from typing import Final

from prunescope.export.recipe import Recipe

_HEAD: Final = '''"""How to load what is in this folder: copy what you need, or run this file.

{summary}
"""

from pathlib import Path

HERE = Path(__file__).parent
'''

_PARTS: Final = {
    "safetensors": '''

def load_safetensors(model=None):
    """model.safetensors: plain weights for your own class ({model}).

    Returns the model with the pruned weights, or the tensors by name when none is given.
    """
    from safetensors.torch import load_file

    tensors = load_file(HERE / "model.safetensors")
    if model is None:
        return tensors
    model.load_state_dict(tensors)
    return model.eval()
''',
    "pt2": '''

def load_pt2():
    """model.pt2: a module that takes any batch size and needs no source code."""
    import torch

    return torch.export.load(HERE / "model.pt2").module()
''',
    "onnx": '''

def load_onnx():
    """model.onnx: session.run(None, {{name: array}}) gives the outputs as arrays."""
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(HERE / "model.onnx"), providers=["CPUExecutionProvider"]
    )
''',
    "recipe": '''

def replay(study=None):
    """recipe.json: makes the {again} (needs prunescope).

    Of a model that a study keeps itself ({model}), name the study's folder.
    """
    from prunescope.export.recipe import read_recipe
    from prunescope.export.replay_recipe import replay

    recipe = read_recipe(HERE / "recipe.json").within(study and Path(study))
    return replay(recipe, HERE / "model.safetensors")
''',
}

_SMALLER: Final = '''

def load_safetensors():
    """model.safetensors: tensors by their original names ({model}), in their smaller shapes.

    recipe.json says which units are gone. model.pt2 is the smaller network itself;
    prunescope.export.formats.safetensors.load builds it from your own source.
    """
    from safetensors.torch import load_file

    return load_file(HERE / "model.safetensors")
'''

_TRY: Final = {
    "safetensors": """
    tensors = load_safetensors()
    zeros = sum(int((tensor == 0).sum()) for tensor in tensors.values())
    print(f"model.safetensors: {{len(tensors)}} tensors, {{zeros}} zeros")
""",
    "pt2": """
    module = load_pt2()
    print(f"model.pt2: {{sum(p.numel() for p in module.parameters())}} parameters")
""",
    "onnx": """
    session = load_onnx()
    for each in session.get_inputs():
        print(f"model.onnx: input {{each.name}}, {{each.type}}, shape {{each.shape}}")
""",
}


def loader_script(recipe: Recipe, formats: Iterable[str], removed: int, parameters: int) -> str:
    """Return the script that loads the files of ``formats``; ``python load.py`` tries each."""
    summary = (
        f"{recipe.reference.model}, pruned by plan {recipe.plan.name!r}: {removed} of "
        f"{parameters} parameters are {'gone or zero' if recipe.units else 'zero'}."
    ).replace("\\", "/").replace('"', "'")  # fmt: skip
    model = recipe.reference.model.replace("\\", "/").replace('"', "'")
    again = (
        "masks again and checks model.safetensors with them"
        if recipe.recovered
        else "weights again from the dense model"
    )
    parts = {**_PARTS, "safetensors": _SMALLER} if recipe.units else _PARTS
    names = [name for name in _PARTS if name in set(formats)]
    tries = [_TRY[name].format() for name in names if name in _TRY]
    return (
        _HEAD.format(summary=summary)
        + "".join(parts[name].format(model=model, again=again) for name in names)
        + '\n\nif __name__ == "__main__":'
        + "".join(tries or ["\n    print(__doc__)\n"])
    )

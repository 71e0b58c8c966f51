"""What the columns of tables mean, by their names, where a table says nothing closer. No Streamlit.

A column of the same name means the same in every table.
"""

from typing import Final

from prunescope.text.glossary import GLOSSARY

_ALONE: Final = "When this one alone leaves."

MEANINGS: Final[dict[str, str]] = {
    "Begun": "When the job was asked for.",
    "Block": "The residual block, by the place of its sum.",
    "By": "Who asked for it.",
    "Bytes": "Parameters and buffers as the plan leaves them, uncompressed.",
    "Can be pruned": "Whether a plan can take of it, or why not.",
    "Can leave": "Whether it can be removed, or why not.",
    "Certain": "The largest sparsity whose whole interval lies within the limit.",
    "Change": "Pruned less dense, in points; negative is a loss.",
    "Class": "What the samples are.",
    "Coupled in": GLOSSARY["group, unit"],
    "Dense": "By the dense network.",
    "Dimension": "Which of the tensor's dimensions gets smaller.",
    "Done": "How much of its work is finished.",
    "Drop": GLOSSARY["baseline, drop"],
    "Frees": _ALONE,
    "Frees MACs": f"{GLOSSARY['MACs']} {_ALONE}",
    "Group": GLOSSARY["group, unit"],
    "Here it": "Whether the layer makes the group's units, reads them, or both.",
    "Indices per unit": "How many of the dimension's indices go with one unit.",
    "Is": "The sample's own class.",
    "Job": "The name of its folder in the study.",
    "Kind": "What kind of module it is.",
    "Largest sparsity": "The most that can be removed within the limit, estimated.",
    "Last word": "What it said last: its error, where it failed.",
    "Layer": GLOSSARY["layer"],
    "Layer or group": GLOSSARY["subject"],
    "Layers": "Layers with weights that change.",
    "MACs": GLOSSARY["MACs"],
    "Method": GLOSSARY["method"],
    "Next": "The next larger sparsity that was looked at.",
    "Off by": "Predicted less measured: positive where it turned out better.",
    "One frees, MACs": f"{GLOSSARY['MACs']} When one unit leaves and nothing else does.",
    "Plan": GLOSSARY["goal, plan, recipe"],
    "Points": GLOSSARY["point, curve"],
    "Pruned": "By the pruned network.",
    "Recovery": GLOSSARY["recovery"],
    "Removed": "Parameters that are zero or gone, as a share of all.",
    "Role": "Whether the tensor makes the units, reads them, or goes along.",
    "Sample": "Its place in the validation split.",
    "Samples": "How many samples this rests on.",
    "Score": "The metric's mean over the samples of the split.",
    "Shape": "The weight's dimensions, outputs first.",
    "Share": "Of all samples of the split.",
    "Share of weights": "Of all parameters of the model.",
    "Sparsity": GLOSSARY["sparsity"],
    "Split": GLOSSARY["calibration, validation, test"],
    "State": "Waiting, running, paused, done, failed or cancelled.",
    "Tensor": "The parameter or buffer, by its name in the model.",
    "Took": "From its beginning to its end, or until now.",
    "Units": "Channels, heads or neurons that leave one by one.",
    "Weights": "Parameters of it.",
    "What leaves": "Whether units leave or weights become zero.",
    "Why": "What the solver found at this sparsity.",
    "and saves": "What the next step saves of the budget.",
    "costs": "What the last step saved of the budget.",
    "saves": "What the next step saves of the budget.",
}

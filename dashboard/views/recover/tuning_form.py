"""What fine-tuning is asked for: a simple form, and the rest behind an expander."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

import streamlit as st

from prunescope.commands import FineTune
from prunescope.dashboard.shared import device_choice, plan_summary, problems, rights
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.views.study import offered_models
from prunescope.recovery.training.fine_tuning_settings import AMP, FineTuning
from prunescope.store import trust
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import units

_USUAL: Final = FineTuning()
_SPLIT: Final = "the calibration split"
_NOTHING: Final = "nothing"
_OPTIMIZERS: Final = (
    "sgd", "adamw", "adam", "nadam", "radam", "rmsprop", "adamax", "adagrad", "adadelta",
)  # fmt: skip
_FLIP: Final = "torchvision.transforms.v2:RandomHorizontalFlip"
_UNLABELLED: Final = "agreement"
_Value = TypeVar("_Value", bound=float | str)


def show(opened: StudyFolder, plan: Plan) -> None:
    """Show the form; when it is sent, start a job."""
    labelled = opened.manifest.reference.metric != _UNLABELLED
    with st.form("finetune", border=True):
        st.markdown("**Fine-tuning** · what is removed stays removed")
        rounds = st.number_input(
            "Rounds", 1, 20, _USUAL.rounds, key="ft rounds",
            help="1 prunes at once. With more, the plan is reached in geometric steps: prune a "
            "little, recover, train, score anew on the tuned network, prune further.",
        )  # fmt: skip
        resolve = st.toggle(
            "Solve each round anew", key="ft resolve",
            help="On the network as it is tuned by then, within the plan's cost: which layer gives "
            "how much may change. Needs rounds, and a plan of weights alone or of units alone.",
        )  # fmt: skip
        epochs = st.number_input(
            "Epochs", 1, 1000, _USUAL.epochs, key="ft epochs", help="Of all rounds together."
        )
        seconds = st.number_input(
            "Or seconds to spend", 1.0, 2_592_000.0, None, 60.0, key="ft seconds", format="%.0f",
            placeholder="as the epochs take", help="Chooses the epochs by the time of a few steps.",
        )  # fmt: skip
        rate = st.number_input(
            "Peak learning rate", 0.0, 10.0, _USUAL.rate, format="%.4f", step=0.001, key="ft rate",
            placeholder="chosen by a range test",
            help="Reached after the warm-up, falling to 0 along a cosine. Empty: a short run in "
            "which the rate climbs chooses it.",
        )  # fmt: skip
        distillation = st.slider(
            "Distillation", 0.0, 1.0, _USUAL.distillation if labelled else 1.0, 0.05,
            key="ft distillation", disabled=not labelled,
            help="0 trains on labels only, 1 on the dense model's outputs only."
            if labelled
            else "This study has no labels: the dense model's outputs alone teach.",
        )  # fmt: skip
        with st.expander("Data, optimizer and the rest", icon=":material/tune:"):
            request = _rest(
                FineTune(
                    "", _unusual(epochs, _USUAL.epochs), rate,
                    distillation=_unusual(distillation, _USUAL.distillation), seconds=seconds,
                    rounds=_unusual(rounds, _USUAL.rounds), resolve=resolve,
                )
            )  # fmt: skip
        go = st.form_submit_button(
            "Fine-tune", type="primary", icon=":material/play_arrow:", disabled=rights.locked(),
            help=rights.why(),
        )  # fmt: skip
    samples = opened.manifest.splits.get("calibration", 0)
    st.caption(
        f"Trains on the calibration split ({units.count(samples)} samples) unless other data are "
        "chosen, and keeps the epoch with the best validation score. A state to go on from is kept "
        "every minute: after a cancellation or a crash, the same settings go on from there. Kept "
        "for each plan: one result at once, one in rounds, one re-solved."
    )
    if go:
        with problems.shown():
            asked = replace(request(), plan=plan_summary.draft_file(opened, plan))
            _require(asked)
            start(opened.folder, asked)
            st.rerun()


def _require(asked: FineTune) -> None:
    """Raise the sentence that the job would end with, before it is started."""
    given = {
        name: getattr(asked, name)
        for name in FineTuning.__dataclass_fields__
        if getattr(asked, name, None) is not None
    }
    FineTuning(**given)


def _unusual(value: _Value, usual: _Value) -> _Value | None:
    """``value``, or None where it is the usual one: a job's line names what differs."""
    return None if value == usual else value


def _rest(begun: FineTune) -> Callable[[], FineTune]:
    """The controls that most people leave as they are."""
    offered = offered_models.offer(trust.offered_folder())
    functions = [name for name in offered.data if ".py:" in name]
    left, right = st.columns(2)
    with left:
        train = st.selectbox(
            "Training data", [_SPLIT, *functions], key="ft train",
            help="A function that returns a DataLoader, a Dataset or batches, in a file that the "
            "owner offers with --models; or --train on the command line.",
        )  # fmt: skip
        optimizer = st.selectbox(
            "Optimizer", _OPTIMIZERS, key="ft optimizer", accept_new_options=True,
            help="Any class of torch.optim by name.",
        )  # fmt: skip
        options = st.text_input(
            "Its options", "", key="ft options", placeholder="betas=0.9,0.95 amsgrad=true",
            help="As NAME=VALUE, with spaces between them.",
        )  # fmt: skip
        momentum = st.number_input(
            "Momentum", 0.0, 0.9999, _USUAL.momentum, 0.01, key="ft momentum", help="Of sgd."
        )
        nesterov = st.toggle("Nesterov", key="ft nesterov", help="Sgd's momentum looks ahead.")
        decay = st.number_input(
            "Weight decay", 0.0, 1.0, _USUAL.decay, 1e-4, format="%.5f", key="ft decay"
        )
        warmup = st.number_input(
            "Warm-up", 0.0, 1.0, _USUAL.warmup, 0.01, key="ft warmup", help="Share of all steps."
        )
        temperature = st.number_input(
            "Temperature", 0.1, 100.0, _USUAL.temperature, 0.5, key="ft temperature",
            help="Of the distillation: logits are divided by it.",
        )  # fmt: skip
        features = st.number_input(
            "Inner values", 0.0, 1000.0, _USUAL.features, 0.5, key="ft features",
            help="Weight of what the dense model computes where its blocks end, in the channels "
            "that stay; 0 for the outputs alone.",
        )  # fmt: skip
    with right:
        augment = st.selectbox(
            "Augmentation", [_NOTHING, _FLIP, *functions], key="ft augment",
            format_func=lambda text: text.rpartition(":")[2] if text == _FLIP else text,
            help="Changes each sample at random.",
        )  # fmt: skip
        batch = st.number_input("Samples per batch", 2, 4096, _USUAL.batch, key="ft batch")
        accumulate = st.number_input(
            "Batches per step", 1, 4096, _USUAL.accumulate, key="ft accumulate"
        )
        steps = st.number_input(
            "Steps per epoch", 1, 10_000_000, None, key="ft steps", placeholder="a pass",
            help="For data without an end.",
        )  # fmt: skip
        ema = st.number_input(
            "Moving average", 0.0, 0.999999, _USUAL.ema, 0.01, format="%.4f", key="ft ema",
            help="Decay of an average of the weights, which is judged and kept; 0 for none.",
        )  # fmt: skip
        clip = st.number_input(
            "Clip gradients at", 0.001, 1e6, None, 0.5, key="ft clip", placeholder="no limit"
        )
        patience = st.number_input(
            "Patience", 1, 1000, None, key="ft patience", placeholder="without end",
            help="Epochs without a better score after which it stops.",
        )  # fmt: skip
        amp = st.selectbox(
            "Numbers", AMP, key="ft amp",
            format_func={"off": "float32", "bf16": "bfloat16", "fp16": "float16"}.__getitem__,
            help="Of forward and backward passes, where it is safe; float16 needs a GPU.",
        )  # fmt: skip
        device = device_choice.choose("ft device")

    def asking() -> FineTune:
        return replace(
            begun,
            train=None if train == _SPLIT else offered.datum(train),
            augment=None if augment == _NOTHING
            else augment if augment == _FLIP else offered.datum(augment),
            optimizer=_unusual(optimizer, _USUAL.optimizer), options=tuple(options.split()),
            momentum=_unusual(momentum, _USUAL.momentum), nesterov=nesterov,
            decay=_unusual(decay, _USUAL.decay), warmup=_unusual(warmup, _USUAL.warmup),
            temperature=_unusual(temperature, _USUAL.temperature),
            batch=_unusual(batch, _USUAL.batch), ema=_unusual(ema, _USUAL.ema), clip=clip,
            accumulate=_unusual(accumulate, _USUAL.accumulate), epoch_steps=steps,
            features=_unusual(features, _USUAL.features),
            patience=patience, amp=_unusual(amp, _USUAL.amp), device=device,
        )  # fmt: skip

    return asking

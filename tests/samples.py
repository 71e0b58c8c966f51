"""Which sample models tests of single networks run on: those of Fashion-MNIST's pictures."""

from prunescope.sample_models.samples import SAMPLES

PICTURES = tuple(name for name, sample in SAMPLES.items() if sample.data == "fashion-mnist")

"""Kinds of data by name: ``imagefolder:``, ``torchvision:``, ``hf:``, ``textfile:`` and others'."""

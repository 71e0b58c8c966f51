"""What an export is written as, one file each: plain weights, ``.pt2``, ONNX, the recipe.

A new format is one new file with a ``FORMAT``; ``format`` says what it has to do. Put it into
this folder, or anywhere else and name it as an entry point of the group ``prunescope.formats``
(see ``prunescope.extensions``). ``prunescope export --formats`` and the page then offer it, once
a fresh process has loaded its file and every check was passed.
"""

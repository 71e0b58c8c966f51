"""Files from others, looked through before any library opens them: one file per container.

Nothing in here loads a tensor or imports torch at the top: it reads headers, tables of contents and
texts, and refuses whatever is not known to be plain data.
"""

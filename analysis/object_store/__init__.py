"""A study in an object store: immutable parts named by content, no locks and no renames."""

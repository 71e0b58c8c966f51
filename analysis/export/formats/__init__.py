"""The file formats of an export, one file each."""

"""Check a model and its data before minutes are spent on measuring them."""

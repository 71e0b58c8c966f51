"""The tour for a projector."""

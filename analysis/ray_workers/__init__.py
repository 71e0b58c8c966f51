"""Parts of a work list, dealt to worker processes of a Ray cluster."""

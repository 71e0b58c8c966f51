"""The study folder: manifest, measurements, verifications and plans, written atomically."""

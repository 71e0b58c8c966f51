"""Real networks trained on real Fashion-MNIST, to try Prunescope on."""

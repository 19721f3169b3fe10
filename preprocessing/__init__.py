"""upload -> decode -> image -> transform -> tensor. Knows NumPy and Pillow, nothing else of ours."""

"""From a trained network to a bundle: ONNX, half-precision weights, manifest, parity."""

"""The Python model `kilomark` of a Triton repository, written by `kilomark export triton`.

The server's Python environment needs kilomark. Requests that Triton puts together are decoded and
predicted together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import triton_python_backend_utils as pb_utils

from kilomark.triton.photo_server import PhotoServer

__all__ = ["TritonPythonModel"]


class TritonPythonModel:
    """The class that Triton looks for."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the Detector of this model's folder."""
        config = json.loads(args["model_config"])
        options = {
            name: value["string_value"] for name, value in config.get("parameters", {}).items()
        }
        is_gpu = args["model_instance_kind"] == "GPU"
        device = f"cuda:{args['model_instance_device_id']}" if is_gpu else "cpu"
        folder = Path(args["model_repository"]) / args["model_version"] / "bundles"
        self._server = PhotoServer(folder, device, options)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer requests, each of N photos of shape (N, 1)."""
        photos = [
            pb_utils.get_input_tensor_by_name(request, "photo").as_numpy().reshape(-1).tolist()
            for request in requests
        ]
        results = iter(self._server.predict([photo for each in photos for photo in each]))
        responses = []
        for each in photos:
            outputs = self._server.to_outputs([next(results) for _ in each])
            tensors = [pb_utils.Tensor(name, array) for name, array in outputs.items()]
            responses.append(pb_utils.InferenceResponse(output_tensors=tensors))
        return responses

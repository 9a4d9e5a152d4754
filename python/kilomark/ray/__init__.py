"""Collections of photos on many machines, by Ray Data.

    import kilomark.ray
    from kilomark.folder import DetectorSettings

    counts = kilomark.ray.process_folder(
        "s3://bucket/photos", "s3://bucket/faces", settings=DetectorSettings("lite")
    )

Needs the extra ``kilomark[ray]`` on every machine. `kilomark.folder` does the same on one machine
without Ray.
"""

from __future__ import annotations

from kilomark.ray.run import process_folder

__all__ = ["process_folder"]

"""What is held to, in one table."""

from __future__ import annotations

LANDMARKS_MEAN_PX = 0.05
"""The GPU's against the CPU's, pixels of a 128 px crop, of a network or a whole call: mean ..."""
LANDMARKS_WORST_PX = 0.25
"""... and worst."""
BATCH_WORST_PX = 0.02
"""A face in a batch against the same face alone; another batch may run other kernels."""
GRAPH_WORST_PX = 0.0
"""With a CUDA graph against without: the same kernels, so the same bits."""
DEVICE_INPUT_WORST_PX = 0.0
"""A frame on the GPU against the same frame from the host."""
NV12_MEAN_PX = 0.3
"""A frame in NV12 against the same in BGR: three in four of its colors are gone."""
THREADS_WORST_PX = 0.02
FINDER_WORST_PX = 1.0
"""Edges of a found box in the frame, against the CPU's."""
HOST_GROWTH_KIB = 8 * 1024
"""Resident memory, from the first tenth of the iterations to the last."""
DEVICE_GROWTH_MIB = 8
LATENCY_MS = 0.5
"""Batch 1, end to end with a given box, on an H100 class GPU."""
CROP_SHARE = 0.05
"""Preprocessing, of that latency."""

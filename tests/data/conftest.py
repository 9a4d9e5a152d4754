from __future__ import annotations

from tests.drawn_data_sets import cache_dir, contest_dir, faces_dir, scenes_dir

__all__ = ["cache_dir", "contest_dir", "faces_dir", "scenes_dir"]

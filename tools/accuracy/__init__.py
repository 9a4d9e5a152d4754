"""Parts of ``benchmark_accuracy.py`` and ``benchmark_detection.py``: layouts of data, systems that are compared, scores."""

"""Parts of ``benchmark_accuracy.py``: layouts of data, systems that are compared, scores."""

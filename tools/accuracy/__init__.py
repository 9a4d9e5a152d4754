"""Parts of the benchmarks of accuracy and detection: layouts of data, systems, scores."""

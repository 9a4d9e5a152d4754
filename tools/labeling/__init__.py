"""Parts of tools/label_faces.py: labeling photos of faces with another network's mesh."""

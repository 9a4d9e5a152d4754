"""Parts of tools/label_faces.py: labelling photos of faces with another network's mesh."""

"""Generated faces and pictures with known blendshape coefficients."""

"""A network in the precision that a device wants: half, eight-bit; converted and checked."""

"""The parts of `graymesh.model`: what may stand at each place of a spec."""

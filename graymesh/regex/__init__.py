"""The parts of `graymesh.portable_regex`: the tree, its parser, automata, and what is read in two ways."""

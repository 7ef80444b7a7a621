"""The parts of `graymesh.proof.regex.portable`: the tree, its parser, automata, and what is read in two ways."""

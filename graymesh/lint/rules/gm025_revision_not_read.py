"""A git revision that `graymesh diff --base` cannot read.

The revision has no name that git knows here, the path is in no git repository, or git itself is missing. A shallow
clone, as CI services make it, has only the tip of one branch: fetch the base first (`git fetch origin main`, or
`fetch-depth: 0`). graymesh never fetches. Without git, compare two folders: `graymesh diff OLD NEW`.
"""

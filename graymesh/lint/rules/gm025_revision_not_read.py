"""A git revision that `graymesh diff --base` cannot read.

The revision has no name that git knows here, the path is in no git repository, or git itself is missing. A shallow
clone, as CI services make it, has only the tip of one branch: fetch the base first (`git fetch origin main`, or
`fetch-depth: 0`); a partial clone lacks the files themselves (`git fetch --refetch --no-filter`). graymesh never
fetches. Without git, compare two folders: `graymesh diff OLD NEW`.

Which repository that is, a change cannot say: it is the last folder with a `.git` on the way to the path. A link at the
path that leads out of the repository is refused, and so is a submodule, unless you are inside it. Variables such as
`GIT_DIR` are not followed, and git itself must be outside the checkout. A repository of another user is read when
git's own `safe.directory` allows it.
"""

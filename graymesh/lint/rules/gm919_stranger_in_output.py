"""Something in an applied folder that graymesh did not write.

Each target has its own folder in the output, and what reads it takes all that it finds there: nginx includes every
`.conf`, kubectl applies every `.yaml`, `.yml` and `.json`, hidden ones as well. A file that nobody compiled can take
over a host, so `compile --check` and `verify` name everything else in such a folder, `compile` warns of it, and nothing
removes it. The same holds for a folder of the output that is called like a target, whether or not a release is
compiled for it. Delete it, or keep it outside the output folder.
"""

"""A compiled file that no release asks for any more.

graymesh wrote this file for a release, a version or a target that has left the project. An engine that reads the folder
still obeys it. `graymesh compile` removes it.
"""

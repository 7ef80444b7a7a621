"""Holds graymesh's output to the real engines: loads it, sends requests on loopback, compares with the reference."""

"""What a change does to traffic: two sides in, a `graymesh.diff.model.TrafficDiff` out."""

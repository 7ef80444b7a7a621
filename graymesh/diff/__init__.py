"""What a change does to traffic: two sides in, a `graymesh.traffic_diff.TrafficDiff` out."""

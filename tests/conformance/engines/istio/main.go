package main

import (
	_ "istio.io/istio/istioctl/cmd"
	_ "istio.io/istio/pilot/test/xds"
	_ "istio.io/istio/pkg/test"
)

func main() {}

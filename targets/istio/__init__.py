"""Istio: DestinationRule and VirtualService per release; Gateway, ServiceEntry and RequestAuthentication where used."""

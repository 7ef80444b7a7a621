package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	networking "istio.io/api/networking/v1alpha3"
	security "istio.io/api/security/v1beta1"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/config/schema/resource"
)

const loadAnnotation = "conformance/load"

// parse reads every document with Istio's own reader and validation; the answer of the first that fails is the error.
func parse(files map[string]string) ([]config.Config, error) {
	var found []config.Config
	for _, name := range sorted(files) {
		decoder := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(files[name])), 512*1024)
		for {
			var raw crd.IstioKind
			err := decoder.Decode(&raw)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if raw.Kind == "" {
				continue
			}
			object, err := converted(&raw)
			if err != nil {
				return nil, fmt.Errorf("%s: %s %s: %w", name, raw.Kind, raw.Name, err)
			}
			object.CreationTimestamp = time.Unix(1700000000+int64(len(found)), 0)
			found = append(found, object)
		}
	}
	return found, nil
}

func converted(raw *crd.IstioKind) (config.Config, error) {
	kind := raw.GroupVersionKind()
	schema, known := collections.Pilot.FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&kind))
	if !known {
		return config.Config{}, fmt.Errorf("istio does not know %s", kind)
	}
	object, err := crd.ConvertObject(schema, raw, "cluster.local")
	if err != nil {
		return config.Config{}, err
	}
	if object.Namespace == "" {
		object.Namespace = "default"
	}
	_, err = schema.ValidateConfig(*object)
	return *object, err
}

// edited puts what speaks of the world outside onto loopback: where gateways listen, and whose keys sign tokens.
func (p *plane) edited(objects []config.Config) []string {
	var edits []string
	for at := range objects {
		annotations := maps.Clone(objects[at].Annotations)
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[loadAnnotation] = strconv.Itoa(p.loads)
		objects[at].Annotations = annotations
		switch spec := objects[at].Spec.(type) {
		case *networking.Gateway:
			edits = append(edits, p.moved(objects[at].Name, spec)...)
		case *security.RequestAuthentication:
			edits = append(edits, p.rekeyed(objects[at].Name, spec)...)
		}
	}
	return edits
}

func (p *plane) moved(name string, gateway *networking.Gateway) []string {
	var edits []string
	host, port := splitAddress(p.set.gateway)
	for _, server := range gateway.Servers {
		if server.Bind == host && server.Port.GetNumber() == uint32(port) {
			continue
		}
		edits = append(edits, fmt.Sprintf("Gateway %s: port %d is served on %s without TLS", name, server.Port.GetNumber(), p.set.gateway))
		server.Bind, server.Tls = host, nil
		server.Port = &networking.Port{Number: uint32(port), Name: "http", Protocol: "HTTP"}
	}
	return edits
}

func (p *plane) rekeyed(name string, authentication *security.RequestAuthentication) []string {
	var edits []string
	for _, rule := range authentication.JwtRules {
		edits = append(edits, fmt.Sprintf("RequestAuthentication %s: own keys for %s", name, rule.Issuer))
		rule.JwksUri, rule.Jwks = "", p.set.jwks
	}
	return edits
}

// replace makes the store hold these objects and no others.
func (p *plane) replace(objects []config.Config) error {
	wanted := map[string]config.Config{}
	for _, object := range objects {
		if _, twice := wanted[object.Key()]; twice {
			return fmt.Errorf("%s stands in the files twice", object.Key())
		}
		wanted[object.Key()] = object
	}
	for key, old := range p.objects {
		if _, stays := wanted[key]; stays {
			continue
		}
		if err := p.server.Store().Delete(old.GroupVersionKind, old.Name, old.Namespace, nil); err != nil {
			return err
		}
		delete(p.objects, key)
	}
	for key, object := range wanted {
		put := p.server.Store().Create
		if _, exists := p.objects[key]; exists {
			put = p.server.Store().Update
		}
		if _, err := put(object); err != nil {
			return err
		}
		p.objects[key] = object
	}
	return nil
}

// registered is true when what Istio derives from the store in the background has caught up with it.
func (p *plane) registered(objects []config.Config) bool {
	return slices.Equal(p.wantedRoutes(objects), p.knownRoutes()) &&
		slices.Equal(wantedEndpoints(objects), p.knownEndpoints())
}

func (p *plane) wantedRoutes(objects []config.Config) []string {
	var found []string
	for _, object := range objects {
		if object.GroupVersionKind == gvk.VirtualService && len(object.Spec.(*networking.VirtualService).Hosts) > 0 {
			found = append(found, fmt.Sprintf("%s/%s %d", object.Namespace, object.Name, p.loads))
		}
	}
	slices.Sort(found)
	return found
}

func (p *plane) knownRoutes() []string {
	var found []string
	for _, object := range p.server.Env().VirtualServiceController.MergedVirtualServices() {
		found = append(found, fmt.Sprintf("%s/%s %s", object.Namespace, object.Name, object.Annotations[loadAnnotation]))
	}
	slices.Sort(found)
	return found
}

func wantedEndpoints(objects []config.Config) []string {
	var found []string
	for _, object := range objects {
		entry, ok := object.Spec.(*networking.ServiceEntry)
		if !ok {
			continue
		}
		for _, host := range entry.Hosts {
			for _, port := range entry.Ports {
				found = append(found, fmt.Sprintf("%s/%s:%d", object.Namespace, host, port.Number))
				for _, endpoint := range entry.Endpoints {
					number := endpoint.Ports[port.Name]
					found = append(found, signature(host, endpoint.Address, number, endpoint.Labels))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

func (p *plane) knownEndpoints() []string {
	var found []string
	for _, service := range p.server.ServiceEntryRegistry.Services() {
		for _, port := range service.Ports {
			found = append(found, fmt.Sprintf("%s/%s:%d", service.Attributes.Namespace, service.Hostname, port.Port))
		}
	}
	for host, spaces := range p.server.Env().EndpointIndex.Shardz() {
		for _, shards := range spaces {
			for _, endpoints := range shards.Shards {
				for _, endpoint := range endpoints {
					found = append(found, signature(host, endpoint.FirstAddressOrNil(), endpoint.EndpointPort, endpoint.Labels))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// signature says all of an endpoint but the labels that Istio adds by itself.
func signature(host, address string, port uint32, labels map[string]string) string {
	var pairs []string
	for name, value := range labels {
		if !strings.Contains(name, ".istio.io/") && !strings.HasPrefix(name, "topology.") {
			pairs = append(pairs, name+"="+value)
		}
	}
	slices.Sort(pairs)
	return fmt.Sprintf("%s %s:%d %s", host, address, port, strings.Join(pairs, ","))
}

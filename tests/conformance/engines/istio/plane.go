package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	meshconfig "istio.io/api/mesh/v1alpha1"

	"istio.io/istio/pilot/pkg/model"
	istioxds "istio.io/istio/pilot/pkg/xds"
	v3 "istio.io/istio/pilot/pkg/xds/v3"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/test"
)

const (
	patience = 20 * time.Second
	glance   = 2 * time.Millisecond

	// settled is the time in which Envoy's worker takes over what its main thread has confirmed.
	settled = 10 * time.Millisecond
)

// plane is the control plane with its two Envoys.
type plane struct {
	set     settings
	server  *xds.FakeDiscoveryServer
	proxies []*proxy
	objects map[string]config.Config
	loads   int
}

// refusal is an Envoy's own word against what Istio sent it.
type refusal struct{ proxy, kind, message string }

func (r refusal) Error() string {
	return fmt.Sprintf("envoy %s refuses %s: %s", r.proxy, r.kind, r.message)
}

func newPlane(t test.Failer, set settings) (*plane, error) {
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		MeshConfig:      meshConfig(),
		ListenerBuilder: func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
		DebounceTime:    5 * time.Millisecond,
	})
	gateway := &proxy{
		role: "router", name: "gateway", space: "istio-system",
		labels: map[string]string{"istio": "ingressgateway", "app": "istio-ingressgateway"},
	}
	sidecar := &proxy{
		role: "sidecar", name: "sidecar", space: set.namespace, labels: map[string]string{"app": "client"},
	}
	return &plane{set: set, server: server, proxies: []*proxy{gateway, sidecar}, objects: map[string]config.Config{}}, nil
}

// meshConfig is Istio's default without mutual TLS, for which endpoints without a proxy have no answer.
func meshConfig() *meshconfig.MeshConfig {
	mesh := mesh.DefaultMeshConfig()
	mesh.EnableAutoMtls = wrapperspb.Bool(false)
	mesh.ConnectTimeout = durationpb.New(2 * time.Second)
	return mesh
}

func (p *plane) start() error {
	for _, proxy := range p.proxies {
		if err := proxy.start(p.set, p.server.Listener.Addr().String()); err != nil {
			return err
		}
	}
	return await("the Envoys to connect", func() (bool, error) {
		return len(p.server.Discovery.Clients()) == len(p.proxies), nil
	})
}

func (p *plane) stop() {
	for _, proxy := range p.proxies {
		proxy.stop()
	}
}

// load replaces every object and returns when both Envoys route by the new ones.
func (p *plane) load(files map[string]string) answer {
	parsed, err := parse(files)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	p.loads++
	edits := p.edited(parsed)
	version, err := p.push(parsed)
	if err == nil {
		err = await("the Envoys", func() (bool, error) { return p.applied(version) })
	}
	var refused refusal
	if errors.As(err, &refused) {
		return answer{Refused: err.Error(), Edits: edits}
	}
	if err != nil {
		return answer{Error: err.Error(), Edits: edits}
	}
	time.Sleep(settled)
	return answer{Edits: edits}
}

// push puts the objects into Istio's store and pushes them to both Envoys; all that carries the returned version or a
// later one knows all of them.
func (p *plane) push(objects []config.Config) (int, error) {
	if err := p.replace(objects); err != nil {
		return 0, err
	}
	if err := await("Istio's registries", func() (bool, error) { return p.registered(objects), nil }); err != nil {
		return 0, err
	}
	if err := await("earlier pushes", func() (bool, error) { return p.quiet(), nil }); err != nil {
		return 0, err
	}
	for _, connection := range p.server.Discovery.Clients() {
		forgetErrors(connection.Proxy())
	}
	// A push that begins from here on, be it this one or that of a late event, knows what the registries know.
	next := versionOf(p.server.PushContext().PushVersion) + 1
	p.server.Discovery.ConfigUpdate(&model.PushRequest{Forced: true, Reason: model.NewReasonStats(model.DebugTrigger)})
	return next, nil
}

// quiet is true when no push is being prepared.
func (p *plane) quiet() bool {
	wanted := p.server.Discovery.InboundUpdates.Load()
	return p.server.Discovery.CommittedUpdates.Load() >= wanted
}

// applied is true when both Envoys have confirmed this version or a later one, and nothing of it is still warming up.
func (p *plane) applied(version int) (bool, error) {
	connections := p.server.Discovery.Clients()
	if len(connections) != len(p.proxies) {
		return false, nil
	}
	for _, connection := range connections {
		if done, err := confirmed(connection, version); !done || err != nil {
			return false, err
		}
	}
	for _, proxy := range p.proxies {
		if waiting, err := proxy.warming(); waiting > 0 || err != nil {
			return false, err
		}
	}
	return true, nil
}

func confirmed(connection *istioxds.Connection, version int) (bool, error) {
	watched := connection.Proxy().DeepCloneWatchedResources()
	for _, kind := range []string{v3.ClusterType, v3.EndpointType, v3.ListenerType, v3.RouteType} {
		state, found := watched[kind]
		wildcard := kind == v3.ClusterType || kind == v3.ListenerType
		if !wildcard && (!found || len(state.ResourceNames) == 0) {
			continue
		}
		if state.LastError != "" {
			return false, refusal{connection.Proxy().ID, v3.GetShortType(kind), state.LastError}
		}
		if state.NonceAcked == "" || state.NonceAcked != state.NonceSent || nonceVersion(state.NonceAcked) < version {
			return false, nil
		}
	}
	return true, nil
}

func forgetErrors(proxy *model.Proxy) {
	for kind := range proxy.DeepCloneWatchedResources() {
		proxy.UpdateWatchedResource(kind, func(state *model.WatchedResource) *model.WatchedResource {
			if state != nil {
				state.LastError = ""
			}
			return state
		})
	}
}

// nonceVersion is the number of the push that a nonce belongs to: the push's version and a UUID of 36 characters.
func nonceVersion(nonce string) int {
	if len(nonce) < 36 {
		return 0
	}
	return versionOf(nonce[:len(nonce)-36])
}

// versionOf is the counter at the end of a push's version, `2026-08-27T12:05:20Z/7`.
func versionOf(version string) int {
	number, err := strconv.Atoi(version[strings.LastIndex(version, "/")+1:])
	if err != nil {
		return 0
	}
	return number
}

func await(what string, done func() (bool, error)) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(glance) {
		if ready, err := done(); ready || err != nil {
			return err
		}
	}
	return fmt.Errorf("waited %s for %s in vain", patience, what)
}

func splitAddress(address string) (string, int) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		panic(err)
	}
	return host, number
}

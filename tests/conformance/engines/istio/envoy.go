package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The node's own address; nothing listens there, and it must differ from every endpoint's, or Istio would take the
// proxy for one of them.
const nodeAddress = "192.0.2.10"

// Values of Istio's own bootstrap, `pkg/bootstrap/config.go`.
var runtimeFlags = map[string]any{
	"re2.max_program_size.error_level":                         32768,
	"envoy.reloadable_features.http_reject_path_with_fragment": false,
}

// proxy is one Envoy.
type proxy struct {
	role    string // router or sidecar
	name    string
	space   string
	labels  map[string]string
	admin   string
	command *exec.Cmd
	ended   chan error
}

func (p *proxy) node() string {
	return fmt.Sprintf("%s~%s~%s.%s~%s.svc.cluster.local", p.role, nodeAddress, p.name, p.space, p.space)
}

// start runs Envoy with a bootstrap that knows nothing but where the control plane is.
func (p *proxy) start(set settings, controlPlane string) error {
	bootstrap, err := json.Marshal(p.bootstrap(controlPlane))
	if err != nil {
		return err
	}
	file := filepath.Join(set.dir, p.name+".json")
	if err := os.WriteFile(file, bootstrap, 0o600); err != nil {
		return err
	}
	address := filepath.Join(set.dir, p.name+".admin")
	_ = os.Remove(address)
	p.command = exec.Command(set.envoy, "-c", file, "--disable-hot-restart", "--concurrency", "1",
		"--drain-time-s", "1", "--log-level", "warning", "--log-path", filepath.Join(set.dir, p.name+".log"),
		"--admin-address-path", address)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return err
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.command.Wait() }()
	return p.awaitAdmin(address)
}

func (p *proxy) awaitAdmin(file string) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("envoy %s ended: %v", p.name, err)
		default:
		}
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			p.admin = strings.TrimSpace(string(text))
			return nil
		}
	}
	return fmt.Errorf("envoy %s does not start", p.name)
}

func (p *proxy) stop() {
	if p.command == nil || p.command.Process == nil {
		return
	}
	_ = p.command.Process.Kill()
	<-p.ended
}

// warming counts the clusters and listeners that wait for something before they replace the ones in use.
func (p *proxy) warming() (int, error) {
	response, err := http.Get("http://" + p.admin + "/stats?format=json&filter=warming")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	var said struct {
		Stats []struct {
			Name  string `json:"name"`
			Value int    `json:"value"`
		} `json:"stats"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return 0, err
	}
	total := 0
	for _, stat := range said.Stats {
		if stat.Name == "cluster_manager.warming_clusters" || stat.Name == "listener_manager.total_listeners_warming" {
			total += stat.Value
		}
	}
	return total, nil
}

type object = map[string]any

func (p *proxy) bootstrap(controlPlane string) object {
	ads := object{"ads": object{}, "resource_api_version": "V3"}
	return object{
		"node": object{
			"id":      p.node(),
			"cluster": p.name,
			"metadata": object{
				"NAMESPACE":         p.space,
				"LABELS":            p.labels,
				"CLUSTER_ID":        "Kubernetes",
				"ISTIO_VERSION":     "1.31.0",
				"INTERCEPTION_MODE": "NONE",
				"INSTANCE_IPS":      nodeAddress,
			},
		},
		"admin":           object{"address": socketAddress("127.0.0.1", 0)},
		"layered_runtime": object{"layers": []object{{"name": "static", "static_layer": runtimeFlags}}},
		"dynamic_resources": object{
			"lds_config": ads,
			"cds_config": ads,
			"ads_config": object{
				"api_type": "GRPC", "transport_api_version": "V3",
				"grpc_services": []object{{"envoy_grpc": object{"cluster_name": "xds-grpc"}}},
			},
		},
		"static_resources": object{"clusters": []object{controlPlaneCluster(controlPlane)}},
	}
}

func controlPlaneCluster(address string) object {
	host, port := splitAddress(address)
	return object{
		"name": "xds-grpc", "type": "STATIC", "connect_timeout": "1s",
		"typed_extension_protocol_options": object{
			"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": object{
				"@type":                "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
				"explicit_http_config": object{"http2_protocol_options": object{}},
			},
		},
		"load_assignment": object{
			"cluster_name": "xds-grpc",
			"endpoints": []object{{"lb_endpoints": []object{
				{"endpoint": object{"address": socketAddress(host, port)}},
			}}},
		},
	}
}

func socketAddress(host string, port int) object {
	return object{"socket_address": object{"address": host, "port_value": port}}
}

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

const (
	loopback = "127.0.0.1"
	patience = 60 * time.Second
	glance   = 50 * time.Millisecond
)

// startEtcd runs etcd on a socket in the folder; returns its address.
func startEtcd(dir string) (string, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(dir, "etcd")
	config.LogLevel = "error"
	config.LogOutputs = []string{"stderr"}
	config.UnsafeNoFsync = true
	socket := url.URL{Scheme: "unix", Path: filepath.Join(dir, "etcd.sock")}
	anyPort := url.URL{Scheme: "http", Host: loopback + ":0"}
	config.ListenClientUrls = []url.URL{socket}
	config.ListenPeerUrls = []url.URL{anyPort}
	// Nobody is told of either address: there is one member, and its one client knows the socket.
	config.AdvertiseClientUrls, config.AdvertisePeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return socket.String(), nil
	case err := <-etcd.Err():
		return "", err
	case <-time.After(patience):
		return "", fmt.Errorf("waited %s for etcd in vain", patience)
	}
}

// startServer runs kube-apiserver on a free port; returns how its own client reaches it, as an administrator.
func startServer(ctx context.Context, dir, etcd string) (*rest.Config, error) {
	chosen, err := serverOptions(dir, etcd)
	if err != nil {
		return nil, err
	}
	completed, err := chosen.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) != 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	config, err := app.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	ready, err := config.Complete()
	if err != nil {
		return nil, err
	}
	server, err := app.CreateServerChain(ready)
	if err != nil {
		return nil, err
	}
	prepared, err := server.PrepareRun()
	if err != nil {
		return nil, err
	}
	go func() {
		if err := prepared.Run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "kubernetes-engine:", err)
			os.Exit(1)
		}
	}()
	return server.GenericAPIServer.LoopbackClientConfig, nil
}

// serverOptions are kube-apiserver's defaults, admission included, but for what needs other parts of a cluster.
func serverOptions(dir, etcd string) (*options.ServerRunOptions, error) {
	key := filepath.Join(dir, "service-accounts.key")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	chosen := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range chosen.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	err := flags.Parse([]string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + loopback,
		"--cert-dir=" + filepath.Join(dir, "certificates"),
		"--anonymous-auth=false",
		"--endpoint-reconciler-type=none",
		"--disable-admission-plugins=ServiceAccount",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + key,
		"--service-account-signing-key-file=" + key,
		"--service-cluster-ip-range=10.0.0.0/16",
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().(*net.TCPAddr)
	chosen.SecureServing.Listener, chosen.SecureServing.BindPort = listener, address.Port
	chosen.SecureServing.ExternalAddress = address.IP
	return chosen, chosen.GenericServerRunOptions.ComponentGlobalsRegistry.Set()
}

func writeKey(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return keyutil.WriteKey(path, text)
}

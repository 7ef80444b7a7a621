// Command kubernetes-engine holds kube-apiserver and etcd in one process, with the CRDs of a folder installed.
//
// It reads one request per line from stdin and answers each with one line on stdout, both JSON; it ends with stdin.
//
//	{"op": "check", "files": {"name.yaml": "…"}}   what a server-side dry run of each object says
//
// Everything listens on loopback or on a socket. The first line on stdout says that the CRDs are served.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	// No code of it is used: it keeps the module whose CRDs are installed in go.mod.
	_ "istio.io/api/label"
)

type request struct {
	Op    string            `json:"op"`
	Files map[string]string `json:"files"`
}

// answer holds what the API server says of each object, or, as Error, why there is no answer.
type answer struct {
	Error    string    `json:"error,omitempty"`
	Refused  []refusal `json:"refused,omitempty"`
	Admitted []string  `json:"admitted,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
}

// refusal is the API server's own word against an object.
type refusal struct {
	File   string `json:"file"`
	Object string `json:"object"`
	Words  string `json:"words"`
}

func main() {
	dir := flag.String("dir", "", "folder for etcd's data, keys and certificates")
	crds := flag.String("crds", "", "folder of YAML files with the CRDs to install")
	flag.Parse()
	out := stdoutForAnswers()
	if err := run(*dir, *crds, os.Stdin, out); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes-engine:", err)
		os.Exit(1)
	}
}

// stdoutForAnswers keeps stdout free of what libraries print.
func stdoutForAnswers() *os.File {
	copied, err := syscall.Dup(1)
	if err == nil {
		err = syscall.Dup2(2, 1)
	}
	if err != nil {
		panic(err)
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), "answers")
}

// run serves until the input ends. Neither server is asked to stop: that takes seconds, and what they hold is thrown away.
func run(dir, crds string, in io.Reader, out io.Writer) error {
	definitions, err := readFolder(crds)
	if err != nil {
		return err
	}
	etcd, err := startEtcd(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	config, err := startServer(ctx, dir, etcd)
	if err != nil {
		return err
	}
	cluster, err := newCluster(ctx, config, definitions)
	if err != nil {
		return err
	}
	reply(out, answer{})
	serve(ctx, cluster, in, out)
	return nil
}

func readFolder(folder string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%q holds no .yaml file", folder)
	}
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found[filepath.Base(path)] = string(text)
	}
	return found, err
}

func serve(ctx context.Context, cluster *cluster, in io.Reader, out io.Writer) {
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			reply(out, respond(ctx, cluster, line))
		}
		if err != nil {
			return
		}
	}
}

func respond(ctx context.Context, cluster *cluster, line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	if asked.Op != "check" {
		return answer{Error: fmt.Sprintf("cannot %q", asked.Op)}
	}
	return cluster.check(ctx, asked.Files)
}

func reply(out io.Writer, said answer) {
	text, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	_, _ = out.Write(append(text, '\n'))
}

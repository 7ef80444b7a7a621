// Command istio-engine holds Istio's own translation and two stock Envoys, a gateway and a sidecar, in one process.
//
// It reads one request per line from stdin and answers each with one line on stdout, both JSON; it ends with stdin.
//
//	{"op": "load",  "files": {"name.yaml": "…"}}   replaces everything; answers when both Envoys have it
//	{"op": "check", "files": {"name.yaml": "…"}}   what `istioctl validate` and `istioctl analyze` say
//
// Everything listens on loopback. The first line on stdout says that the Envoys are connected.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// Extensions that Istio's own proxy has and stock Envoy lacks; Istio reads these variables before main begins.
var environment = map[string]string{
	"PILOT_ENABLE_ALPN_FILTER":              "false",
	"PILOT_ENABLE_METADATA_EXCHANGE":        "false",
	"ISTIO_ENABLE_CONTROLLER_QUEUE_METRICS": "false",
}

type request struct {
	Op    string            `json:"op"`
	Files map[string]string `json:"files"`
}

// answer holds what the engine refuses, or, as Error, why there is no answer.
type answer struct {
	Refused  string   `json:"refused,omitempty"`
	Error    string   `json:"error,omitempty"`
	Messages []string `json:"messages,omitempty"`
	Edits    []string `json:"edits,omitempty"`
}

type settings struct {
	envoy     string
	dir       string
	gateway   string
	namespace string
	jwks      string
}

func main() {
	ensureEnvironment()
	var set settings
	flag.StringVar(&set.envoy, "envoy", "", "Envoy's binary")
	flag.StringVar(&set.dir, "dir", "", "folder for bootstraps and logs")
	flag.StringVar(&set.gateway, "gateway", "", "address and port on which every Gateway listens")
	flag.StringVar(&set.namespace, "namespace", "default", "namespace of the sidecar")
	flag.StringVar(&set.jwks, "jwks", "", "keys that stand in for those of every issuer")
	checkOnly := flag.Bool("check-only", false, "answer check requests only, start no Envoy")
	flag.Parse()
	out := stdoutForAnswers()
	quietLogs(set.dir)
	if *checkOnly {
		serve(nil, os.Stdin, out)
		return
	}
	if err := test.Wrap(func(t test.Failer) { run(t, set, out) }); err != nil {
		fmt.Fprintln(os.Stderr, "istio-engine:", err)
		os.Exit(1)
	}
}

// ensureEnvironment starts the program anew when the variables are not as they must be.
func ensureEnvironment() {
	missing := false
	for name, value := range environment {
		if os.Getenv(name) != value {
			missing = true
			os.Setenv(name, value)
		}
	}
	if !missing {
		return
	}
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, os.Environ())
	}
	panic(err)
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

func quietLogs(dir string) {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	if dir != "" {
		options.OutputPaths = []string{dir + "/istio.log"}
	}
	if err := log.Configure(options); err != nil {
		panic(err)
	}
}

func run(t test.Failer, set settings, out io.Writer) {
	plane, err := newPlane(t, set)
	if err != nil {
		t.Fatal(err)
	}
	if err := plane.start(); err != nil {
		t.Fatal(err)
	}
	reply(out, answer{})
	serve(plane, os.Stdin, out)
	plane.stop()
}

func serve(plane *plane, in io.Reader, out io.Writer) {
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			reply(out, respond(plane, line))
		}
		if err != nil {
			return
		}
	}
}

func respond(plane *plane, line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	switch {
	case asked.Op == "check":
		return check(asked.Files)
	case asked.Op == "load" && plane != nil:
		return plane.load(asked.Files)
	}
	return answer{Error: fmt.Sprintf("cannot %q", asked.Op)}
}

func reply(out io.Writer, said answer) {
	text, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	_, _ = out.Write(append(text, '\n'))
}

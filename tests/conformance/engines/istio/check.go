package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"istio.io/istio/istioctl/pkg/cli"
	"istio.io/istio/istioctl/pkg/validate"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
)

// check says what `istioctl validate -f` and `istioctl analyze --use-kube=false` say.
func check(files map[string]string) answer {
	folder, err := os.MkdirTemp("", "istio-check")
	if err != nil {
		return answer{Error: err.Error()}
	}
	defer os.RemoveAll(folder)
	said := answer{}
	for _, name := range sorted(files) {
		messages, err := validated(folder, name, files[name])
		said.Messages = append(said.Messages, messages...)
		if err != nil {
			said.Refused += fmt.Sprintf("%s: %v\n", name, err)
		}
	}
	messages, err := analyzed(files)
	said.Messages = append(said.Messages, messages...)
	if err != nil {
		said.Refused += err.Error()
	}
	return said
}

func validated(folder, name, text string) ([]string, error) {
	path := filepath.Join(folder, strings.ReplaceAll(name, "/", "_"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	var printed bytes.Buffer
	command := validate.NewValidateCommand(cli.NewCLIContext(nil))
	command.SetArgs([]string{"-f", path})
	command.SetOut(&printed)
	command.SetErr(&printed)
	command.SilenceUsage, command.SilenceErrors = true, true
	err := command.Execute()
	if err == nil && strings.HasSuffix(strings.TrimSpace(printed.String()), "is valid") {
		return nil, nil
	}
	return []string{"validate: " + strings.TrimSpace(printed.String())}, err
}

func analyzed(files map[string]string) ([]string, error) {
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	if err := analyzer.AddDefaultResources(); err != nil {
		return nil, err
	}
	var readers []local.ReaderSource
	for _, name := range sorted(files) {
		readers = append(readers, local.ReaderSource{Name: name, Reader: strings.NewReader(files[name])})
	}
	if err := analyzer.AddReaderKubeSource(readers); err != nil {
		return nil, err
	}
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := analyzer.Analyze(cancel)
	if err != nil {
		return nil, err
	}
	var messages []string
	for _, message := range result.Messages {
		messages = append(messages, "analyze: "+message.String())
	}
	return messages, nil
}

func sorted(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

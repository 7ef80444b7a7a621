package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

const (
	manager          = "graymesh-conformance"
	defaultNamespace = "default"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// document is one object of a file, as written and as read.
type document struct {
	text   []byte
	object unstructured.Unstructured
}

func (d document) String() string {
	name := d.object.GetName()
	if d.object.GetNamespace() != "" {
		name = d.object.GetNamespace() + "/" + name
	}
	return d.object.GetKind() + " " + name
}

// cluster is the API server with the CRDs installed; warnings are those of the request under way.
type cluster struct {
	client    dynamic.Interface
	discovery discovery.DiscoveryInterface
	mapper    meta.RESTMapper
	known     map[string]bool
	warnings  []string
}

// HandleWarningHeader takes a warning that the API server sends beside its answer.
func (c *cluster) HandleWarningHeader(_ int, _ string, text string) {
	c.warnings = append(c.warnings, text)
}

// newCluster returns when every version of every definition is served.
func newCluster(ctx context.Context, config *rest.Config, definitions map[string]string) (*cluster, error) {
	c := &cluster{known: map[string]bool{}}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst, config.WarningHandler = 1000, 1000, c
	var err error
	if c.client, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.discovery, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		return nil, err
	}
	if err := await("the namespace default", func() error { return c.namespace(ctx, defaultNamespace) }); err != nil {
		return nil, err
	}
	return c, c.install(ctx, definitions)
}

func (c *cluster) install(ctx context.Context, definitions map[string]string) error {
	if err := await("the API server's own kinds", c.discover); err != nil {
		return err
	}
	var served []schema.GroupVersionKind
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		documents, err := documentsOf(definitions[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, each := range documents {
			if err := c.apply(ctx, each, nil); err != nil {
				return fmt.Errorf("%s: %s: %w", name, each, err)
			}
			served = append(served, kindsOf(each.object)...)
		}
	}
	return await("the kinds of the CRDs", func() error { return c.serves(ctx, served) })
}

// kindsOf are the versions of a definition that the API server is to serve.
func kindsOf(definition unstructured.Unstructured) []schema.GroupVersionKind {
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "kind")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	var found []schema.GroupVersionKind
	for _, each := range versions {
		version := each.(map[string]any)
		if version["served"] == true {
			found = append(found, schema.GroupVersionKind{Group: group, Version: version["name"].(string), Kind: kind})
		}
	}
	return found
}

func (c *cluster) serves(ctx context.Context, kinds []schema.GroupVersionKind) error {
	if err := c.discover(); err != nil {
		return err
	}
	for _, kind := range kinds {
		mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			return err
		}
		if _, err := c.client.Resource(mapping.Resource).List(ctx, metav1.ListOptions{Limit: 1}); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) discover() error {
	groups, err := restmapper.GetAPIGroupResources(c.discovery)
	c.mapper = restmapper.NewDiscoveryRESTMapper(groups)
	return err
}

// check asks for each object what the API server would say to it, and stores none of them.
func (c *cluster) check(ctx context.Context, files map[string]string) answer {
	said := answer{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		documents, err := documentsOf(files[name])
		if err != nil {
			said.Refused = append(said.Refused, refusal{name, "", err.Error()})
		}
		for _, each := range documents {
			c.warnings = nil
			err := c.admit(ctx, each)
			for _, warning := range c.warnings {
				said.Warnings = append(said.Warnings, fmt.Sprintf("%s: %s: %s", name, each, warning))
			}
			if err != nil {
				said.Refused = append(said.Refused, refusal{name, each.String(), err.Error()})
				continue
			}
			said.Admitted = append(said.Admitted, fmt.Sprintf("%s: %s", name, each))
		}
	}
	return said
}

func (c *cluster) admit(ctx context.Context, each document) error {
	if space := each.object.GetNamespace(); space != "" {
		if err := c.namespace(ctx, space); err != nil {
			return err
		}
	}
	return c.apply(ctx, each, []string{metav1.DryRunAll})
}

// apply sends the document as it is written, so that the server sees fields that stand there twice.
func (c *cluster) apply(ctx context.Context, each document, dryRun []string) error {
	kind := each.object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	resource := dynamic.ResourceInterface(c.client.Resource(mapping.Resource))
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		space := each.object.GetNamespace()
		if space == "" {
			space = defaultNamespace
		}
		resource = c.client.Resource(mapping.Resource).Namespace(space)
	}
	_, err = resource.Patch(ctx, each.object.GetName(), types.ApplyYAMLPatchType, each.text, metav1.PatchOptions{
		DryRun: dryRun, FieldManager: manager, FieldValidation: metav1.FieldValidationStrict,
	})
	return err
}

// namespace makes it unless it is there; a dry run needs it to be real.
func (c *cluster) namespace(ctx context.Context, name string) error {
	if c.known[name] {
		return nil
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	_, err := c.client.Resource(namespaces).Create(ctx, object, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	c.known[name] = true
	return nil
}

// documentsOf are the objects of a file before the first that cannot be read.
func documentsOf(text string) ([]document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	var found []document
	for {
		part, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		each := document{text: part}
		if err == nil {
			err = yaml.Unmarshal(part, &each.object.Object)
		}
		if err != nil {
			return found, err
		}
		if len(each.object.Object) > 0 {
			found = append(found, each)
		}
	}
}

// await tries until there is no error.
func await(what string, done func() error) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(glance) {
		if err = done(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("waited %s for %s in vain: %w", patience, what, err)
}

package kube_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const folder = "../../deploy/helm/mayfly"

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func valueFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(folder + "/ci/*-values.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no values to render with: ", err)
	}
	return files
}

// render gives the objects that the chart makes of values, by kind.
func render(t *testing.T, values map[string]any) (map[string][]byte, error) {
	t.Helper()
	c := load(t)
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "bridge", Namespace: "iot", IsInstall: true},
		chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	texts, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	objects := map[string][]byte{}
	for name, text := range texts {
		if !strings.HasSuffix(name, ".yaml") || strings.TrimSpace(text) == "" {
			continue
		}
		var object struct{ Kind string }
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		if objects[object.Kind] != nil {
			t.Errorf("%s comes twice", object.Kind)
		}
		objects[object.Kind] = []byte(text)
	}
	return objects, nil
}

func rendered(t *testing.T, file string) map[string][]byte {
	t.Helper()
	values, err := chartutil.ReadValuesFile(file)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func validators(t *testing.T) validator.Validator {
	t.Helper()
	schemas := t.TempDir()
	writeSchemas(t, schemas)
	v, err := validator.New([]string{schemas + "/{{.ResourceKind}}{{.KindSuffix}}.json"},
		validator.Opts{Strict: true, KubernetesVersion: "1.34.0"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func validate(t *testing.T, v validator.Validator, name string, text []byte) error {
	t.Helper()
	switch result := v.ValidateResource(resource.Resource{Path: name, Bytes: text}); result.Status {
	case validator.Valid:
		return nil
	default:
		return fmt.Errorf("%s: %v %v", name, result.Err, result.ValidationErrors)
	}
}

func TestChartIsClean(t *testing.T) {
	for _, file := range valueFiles(t) {
		values, err := chartutil.ReadValuesFile(file)
		if err != nil {
			t.Fatal(err)
		}
		result := lint.AllWithKubeVersion(folder, values, "iot", nil)
		for _, m := range result.Messages {
			if m.Severity >= support.WarningSev {
				t.Errorf("%s: %v", filepath.Base(file), m)
			}
		}
	}
}

func TestObjectsHaveTheirSchema(t *testing.T) {
	v := validators(t)
	kinds := map[string]bool{}
	for _, file := range valueFiles(t) {
		for kind, text := range rendered(t, file) {
			kinds[kind] = true
			if err := validate(t, v, kind+" of "+filepath.Base(file), text); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
	}
	want := []string{
		"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "Service",
		"ServiceAccount", "ServiceMonitor",
	}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("the chart makes %v, want %v", got, want)
	}
	knative, err := os.ReadFile("../../deploy/knative/service.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, v, "knative", knative); err != nil {
		t.Error(err)
	}
}

// TestSchemasFindFaults is the check of the check.
func TestSchemasFindFaults(t *testing.T) {
	v := validators(t)
	objects := rendered(t, folder+"/ci/everything-values.yaml")
	for name, c := range map[string]struct{ kind, old, new string }{
		"unknown member":      {"Deployment", "readOnlyRootFilesystem:", "readOnlyRootFileSystem:"},
		"wrong type":          {"Deployment", "periodSeconds: 10", "periodSeconds: ten"},
		"missing member":      {"Service", "ports:", "port:"},
		"unknown of a policy": {"NetworkPolicy", "policyTypes:", "policyType:"},
		"unknown of a CRD":    {"ServiceMonitor", "endpoints:", "endpoint:"},
	} {
		text := bytes.Replace(objects[c.kind], []byte(c.old), []byte(c.new), 1)
		if bytes.Equal(text, objects[c.kind]) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if validate(t, v, name, text) == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestValuesAreChecked(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"unknown value":        {"imagee": map[string]any{}},
		"the key in the open":  {"config": map[string]any{"GROUP_KEY": "c2VjcmV0"}},
		"a digest that is not": {"image": map[string]any{"digest": "sha256:1"}},
		"ingress without host": {"ingress": map[string]any{"enabled": true}},
	} {
		if _, err := render(t, values); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// restricted holds a pod to the restricted pod security standard
// (kubernetes.io/docs/concepts/security/pod-security-standards).
func restricted(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	if pod.HostNetwork || pod.HostPID || pod.HostIPC {
		t.Error("the pod shares namespaces of the host")
	}
	if p := pod.SecurityContext; p == nil || p.RunAsNonRoot == nil || !*p.RunAsNonRoot || p.SeccompProfile == nil ||
		p.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("the pod may run as root, or without a seccomp profile")
	}
	for _, v := range pod.Volumes {
		if v.Secret == nil && v.ConfigMap == nil {
			t.Errorf("volume %s is of a kind that is not needed", v.Name)
		}
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
			s.Capabilities == nil || !slices.Contains(s.Capabilities.Drop, "ALL") || len(s.Capabilities.Add) > 0 {
			t.Errorf("container %s may gain privileges", c.Name)
		}
		if s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			t.Errorf("container %s may write to its image", c.Name)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("container %s has no bounds", c.Name)
		}
	}
}

func TestPodsAreRestricted(t *testing.T) {
	for _, file := range valueFiles(t) {
		var deployment appsv1.Deployment
		if err := yaml.UnmarshalStrict(rendered(t, file)["Deployment"], &deployment); err != nil {
			t.Fatal(err)
		}
		pod := deployment.Spec.Template.Spec
		restricted(t, pod)
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Error("the pod has a token of the cluster")
		}
		for _, e := range pod.Containers[0].Env {
			if strings.HasPrefix(e.Name, "GROUP_KEY") && !strings.HasPrefix(e.Value, "file:/etc/mayfly/secrets/") {
				t.Errorf("%s is not read from a file", e.Name)
			}
		}
	}
}

// TestObjectsFitTogether looks at selectors, ports and the time of a stop.
func TestObjectsFitTogether(t *testing.T) {
	objects := rendered(t, folder+"/ci/minimal-values.yaml")
	var deployment appsv1.Deployment
	var service corev1.Service
	var policy networkingv1.NetworkPolicy
	for kind, into := range map[string]any{"Deployment": &deployment, "Service": &service, "NetworkPolicy": &policy} {
		if err := yaml.UnmarshalStrict(objects[kind], into); err != nil {
			t.Fatal(err)
		}
	}
	labels := deployment.Spec.Template.Labels
	for kind, selector := range map[string]map[string]string{
		"Deployment": deployment.Spec.Selector.MatchLabels, "Service": service.Spec.Selector,
		"NetworkPolicy": policy.Spec.PodSelector.MatchLabels,
	} {
		for k, v := range selector {
			if labels[k] != v {
				t.Errorf("%s selects %s=%s, the pods have %q", kind, k, v, labels[k])
			}
		}
	}
	c := deployment.Spec.Template.Spec.Containers[0]
	if service.Spec.Ports[0].TargetPort.StrVal != c.Ports[0].Name {
		t.Error("the service leads to another port")
	}
	grace, sleep := *deployment.Spec.Template.Spec.TerminationGracePeriodSeconds, c.Lifecycle.PreStop.Sleep.Seconds
	if grace < sleep+35 {
		t.Errorf("%d s for a stop that sleeps %d s and answers for 30 s more", grace, sleep)
	}
}

// TestKnativeIsRestricted reads the pod of the Knative service.
func TestKnativeIsRestricted(t *testing.T) {
	file, err := os.Open("../../deploy/knative/service.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	var service struct {
		Spec struct {
			Template struct{ Spec corev1.PodSpec }
		}
	}
	if err := yaml.Unmarshal(text, &service); err != nil {
		t.Fatal(err)
	}
	restricted(t, service.Spec.Template.Spec)
}

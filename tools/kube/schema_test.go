package kube_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// kinds are those of Kubernetes that the chart makes, by the name that kubeconform
// looks for.
var kinds = map[string]any{
	"configmap-v1":                           corev1.ConfigMap{},
	"service-v1":                             corev1.Service{},
	"serviceaccount-v1":                      corev1.ServiceAccount{},
	"deployment-apps-v1":                     appsv1.Deployment{},
	"horizontalpodautoscaler-autoscaling-v2": autoscalingv2.HorizontalPodAutoscaler{},
	"ingress-networking-v1":                  networkingv1.Ingress{},
	"networkpolicy-networking-v1":            networkingv1.NetworkPolicy{},
	"poddisruptionbudget-policy-v1":          policyv1.PodDisruptionBudget{},
}

type schema map[string]any

// writeSchemas puts the schema of every kind into a folder.
func writeSchemas(t *testing.T, folder string) {
	t.Helper()
	for name, kind := range kinds {
		text, err := json.Marshal(schemaOf(reflect.TypeOf(kind)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own, err := filepath.Glob("schemas/*.json")
	if err != nil || len(own) == 0 {
		t.Fatal("no schemas: ", err)
	}
	for _, path := range own {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// schemaOf follows the JSON tags of a type. A member that encoding/json always writes
// is required.
func schemaOf(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[metav1.Time]():
		return schema{"type": "string"}
	case reflect.TypeFor[intstr.IntOrString](), reflect.TypeFor[resource.Quantity]():
		return schema{"type": []string{"string", "number"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string"}
		}
		return schema{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		properties, required := schema{}, []string{}
		members(t, properties, &required)
		out := schema{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 { // draft 4, which kubeconform reads, wants one at least
			out["required"] = required
		}
		return out
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64:
		return schema{"type": "integer"}
	}
	return schema{}
}

func members(t reflect.Type, properties schema, required *[]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || !field.IsExported() || name == "status" || name == "managedFields":
		case name == "" && field.Anonymous:
			members(field.Type, properties, required)
		default:
			properties[name] = schemaOf(field.Type)
			if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
				*required = append(*required, name)
			}
		}
	}
}

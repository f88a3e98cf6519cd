// Package kube checks what runs Mayfly on Kubernetes, without a cluster: it lints and
// renders the Helm chart for each file of values in its folder ci, and holds the objects
// and the Knative service to schemas, to the restricted pod security standard, and to
// one another.
//
// The schemas of Kubernetes' own kinds are made of its Go types; those of the others are
// in the folder schemas, as far as they are used here. It is a module of its own since
// Helm brings many others along.
package kube

// Package release pins the tools that make a release: GoReleaser, and cyclonedx-gomod for
// its bill of materials. It is a module of its own since they bring many others along.
package release

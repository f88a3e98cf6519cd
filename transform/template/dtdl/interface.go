package dtdl

import "crypto/sha256"

// Document is what a file holds.
type Document struct {
	Interfaces []*Interface // in the order of the file, those inside of others as well
	Roots      []string     // the interfaces of the top level that no other of the file refers to
	// Templates returns the interface of each device template of IoT Central by the
	// template's own identifier.
	Templates map[string]string
}

// Interface is one interface, without what it takes over from others.
type Interface struct {
	ID         string
	Version    int // of DTDL
	File       string
	Line       int
	Telemetry  []Telemetry
	Components []Component
	Extends    []string // interfaces that it takes contents from
	Others     []Other
	Open       bool // some contents stand elsewhere

	// Sum is equal for two definitions that differ in nothing but texts for people.
	Sum [sha256.Size]byte
}

// Telemetry is one value that a device sends.
type Telemetry struct {
	Name   string
	Schema *Schema
}

// Component is an interface inside of another, under a name.
type Component struct {
	Name      string
	Interface string // its identifier
}

// Other is content that is not telemetry: a property, a command, a relationship.
type Other struct {
	Name string
	Kind string // as in "Property"
}

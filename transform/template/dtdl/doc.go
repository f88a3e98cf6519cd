// Package dtdl reads device models: interfaces of the Digital Twins Definition
// Language (DTDL), versions 2, 3 and 4, arrays of them, and the device templates
// that IoT Central exports. What comes out is what a message is checked against:
// the telemetry with its schemas, and the components.
//
// It is as lenient as can be where nothing depends on it: properties, commands
// and relationships are looked at for their names only, and the types and
// members of language extensions are passed over. What telemetry depends on has
// to be understood: a model is refused with all its faults, each with its place
// and what would be right.
//
// It does not follow references from one interface to another, and does not
// check messages: package template does. Start with [Read].
//
// Facts about the language are from the repository Azure/opendigitaltwins-dtdl:
// DTDL.v2.md, DTDL.v3.md and DTDL.v4.md, the DTDL.Specification documents beside
// them, and DTDL.iotcentral.v2.md.
package dtdl

// Package template checks telemetry against the template that its application
// expects: a device model in DTDL.
//
//	b := template.NewBuilder()
//	_, err := b.Add("thermostat.json", data)
//	set, err := b.Set()
//	result, err := set.Fit(template.Input{ModelID: id, Body: body}, template.Policy{Mode: template.Require})
//
// IoT Central tells a sender nothing when a name or a type is wrong: the value
// lands in unmodelled data. [Set.Fit] reports it, and with the mode Coerce it makes
// right what can be made right without loss. [Model.Sample] writes a message that
// fits; package template/draft writes the model for messages.
//
// The package reads no files and holds no clock. It does not deliver: what comes
// out are the bodies of one or several messages, as telemetry of a component has
// to be a message of its own. Sub-packages: dtdl reads models, convert compares
// and changes values.
//
// A Set is safe for concurrent use.
package template

// Package convert compares a JSON value with a schema of DTDL, and changes what
// can be made to fit without loss: "21.5" to 21.5 for a double, 1 to true for a
// boolean, an epoch to a dateTime, [lon, lat] to a geopoint, a member's name that
// differs only in its case.
//
// It works on the text of the value. Numbers keep their digits; nothing is
// rounded, dropped or guessed: a value that would have to be is reported and
// left as it is. What a value must look like is what Azure's own parser wants of
// an instance (repository digitaltwinconsortium/DTDLParser, the Instances files
// in test-cases/generated).
//
// It knows schemas only; which telemetry a model has is the business of package
// template. Start with [Walk.Value].
package convert

// Package enrich adds to a message what a table or a look-up has for it. A [Step] is an entry of `enrich:` in
// mayfly.yaml; [Compile] checks it. [Compiled.Key] gives the key of a message by a jq expression, and [Compiled.Put]
// puts the fields of the row where the step says.
//
// What the device sent stays, unless a step says overwrite. A name that the hub keeps for itself is not written.
//
// Who has the rows is not known here: a [Row] comes from package table, or from the answer of another service. Start
// reading at [Step].
package enrich

// Package codecset has the codecs of one source: the usual one, and those for device profiles and for ports.
//
// It reads the scripts that a definition names from the files beside it, and has an engine load them. Which profile a
// device has is for the source to say. Start reading at [New].
package codecset

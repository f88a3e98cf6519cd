// Package pseudonym gives the devices of a request that is exported other names.
//
// It does not know which devices a request is about, and binary bodies stay as they are. Start reading at [Replace].
package pseudonym

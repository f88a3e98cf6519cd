// Package fitting applies the device templates of the configuration to messages: it finds out which policy and which
// model a message is for, and makes one message or several of it, as telemetry of components goes alone.
//
// What fits is decided by package transform/template. Start at Fitter.Fit.
package fitting

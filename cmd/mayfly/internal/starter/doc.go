// Package starter writes the files of a new installation: mayfly.yaml with a first caller, .env with what is secret,
// and the parameters of the host's deployment.
//
// It asks nothing and checks nothing: the command does. To read the source, start at starter.go; hosts.go has what
// differs from host to host.
package starter

// Command bootstrap is Mayfly in production: one binary for AWS Lambda, Azure
// Functions and a plain server. The environment says which of them, and everything
// else; docs/configuration.md lists the variables.
//
// It wires: package function has the service, the hosts and the configuration. Start
// reading at run.
package main

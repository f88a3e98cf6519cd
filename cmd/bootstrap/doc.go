// Command bootstrap is Mayfly in production: one binary for AWS Lambda, Azure Functions and a plain server. The
// environment decides which of them, and everything else; docs/configuration.md lists the variables.
//
// It only connects the parts: package function has the service, the hosts and the configuration. Start reading at run.
package main

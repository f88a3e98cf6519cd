// Package egress makes connections that reach public addresses only: for calls whose host somebody configures or a
// server names, and which must not get at this machine, its network, or the cloud's metadata service.
//
// The address is checked when the connection is made, after the name is resolved, so that neither a redirect nor a
// name that resolves to another address later gets around it. Package egress follows no redirects and bounds no
// answers. Start reading at Transport; IsPublic is the rule.
package egress

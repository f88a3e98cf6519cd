package function

import "fmt"

// Host is where the process runs.
type Host int

// The hosts that one binary serves on.
const (
	HostServer    Host = iota // a plain HTTP server: a container, a machine, a laptop
	HostLambda                // AWS Lambda, behind API Gateway, a Function URL or a load balancer
	HostFunctions             // Azure Functions, as a custom handler
)

// String names the host as the log and the metrics name it.
func (h Host) String() string {
	switch h {
	case HostServer:
		return "server"
	case HostLambda:
		return "lambda"
	case HostFunctions:
		return "functions"
	default:
		return fmt.Sprintf("Host(%d)", int(h))
	}
}

// The variables by which the two clouds tell a process that it is theirs.
const (
	envLambda    = "AWS_LAMBDA_RUNTIME_API"
	envFunctions = "FUNCTIONS_CUSTOMHANDLER_PORT"
)

// DetectHost tells from the environment where the process runs. Lambda is
// asked for first: nothing else sets its variable.
func DetectHost(getenv func(string) string) Host {
	switch {
	case getenv(envLambda) != "":
		return HostLambda
	case getenv(envFunctions) != "":
		return HostFunctions
	default:
		return HostServer
	}
}

package platform

import "fmt"

// Kind is where the process runs.
type Kind int

// The hosts that one binary serves on.
const (
	Server    Kind = iota // a plain HTTP server: a container, a machine, a laptop
	Lambda                // AWS Lambda, behind API Gateway, a Function URL or a load balancer
	Functions             // Azure Functions, as a custom handler
)

// String names the host as the log and the metrics name it.
func (h Kind) String() string {
	switch h {
	case Server:
		return "server"
	case Lambda:
		return "lambda"
	case Functions:
		return "functions"
	default:
		return fmt.Sprintf("Host(%d)", int(h))
	}
}

// The variables by which the two clouds tell a process that it is theirs.
const (
	EnvLambda    = "AWS_LAMBDA_RUNTIME_API"
	EnvFunctions = "FUNCTIONS_CUSTOMHANDLER_PORT"
)

// Detect tells from the environment where the process runs. Lambda is
// asked for first: nothing else sets its variable.
func Detect(getenv func(string) string) Kind {
	switch {
	case getenv(EnvLambda) != "":
		return Lambda
	case getenv(EnvFunctions) != "":
		return Functions
	default:
		return Server
	}
}

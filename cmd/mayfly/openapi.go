package main

import (
	"mayfly/function"
)

// openapiCommand prints the HTTP contract.
type openapiCommand struct{}

// Help is the long help of the command.
func (openapiCommand) Help() string {
	return `Prints what the bridge serves at /openapi.json: OpenAPI 3.1, of the configuration that the
environment and mayfly.yaml make, with the sources of the file. Clients are generated
from it, gateways and tests take it:
  mayfly openapi > mayfly.openapi.json`
}

func (openapiCommand) Run(w *world) error {
	config, err := function.LoadConfig(w.environ, function.WithCodecs(w.codecs))
	if err != nil {
		return err
	}
	text, err := function.Contract(config)
	if err == nil {
		_, err = w.stdout.Write(text)
	}
	return err
}

package main

import (
	"fmt"

	"mayfly/cmd/mayfly/internal/schema"
)

// schemaCommand prints the JSON Schema of mayfly.yaml.
type schemaCommand struct{}

// Help is the long help of the command.
func (schemaCommand) Help() string {
	return `With the schema in a file, and this line at the top of mayfly.yaml, an editor with a YAML
language server completes members, explains them, and underlines what is wrong:
  # yaml-language-server: $schema=mayfly.schema.json`
}

func (schemaCommand) Run(w *world) error {
	_, err := fmt.Fprint(w.stdout, schema.Text)
	return err
}

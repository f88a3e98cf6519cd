package transform

// BuiltinText gives the YAML of a built-in source, for those who want to change
// it; false when there is none of that name.
func BuiltinText(name string) ([]byte, bool) {
	text, err := sourceFiles.ReadFile("sources/" + name + ".yaml")
	return text, err == nil
}

// Compile makes a source of a definition that is not built in, or tells all that
// is wrong with it.
func (t *Transformer) Compile(d *Definition) (*Source, error) {
	return compile(t.validate, t.language(), t.engine, d)
}

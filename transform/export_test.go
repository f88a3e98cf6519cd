package transform

// HintsOf gives the hints of a built-in source as Detect reads them.
func HintsOf(name string) []string { return hintsOf(builtinText(name)) }

package transform

// BuiltinHints are the hints of the built-in sources as Detect reads them.
var BuiltinHints = builtinHints

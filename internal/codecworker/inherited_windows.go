package codecworker

// closeInherited does nothing: on Windows a process inherits only the handles
// that it is given.
func closeInherited() {}

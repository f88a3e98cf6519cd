package function_test

// notYetReachable are the rows that no request can meet so far: limits and
// device patterns of callers come with the configuration file.
var notYetReachable = map[string]bool{"slow-down": true, "device-not-allowed": true}

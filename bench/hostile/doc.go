// Command hostile attacks the bridge with bodies, payloads and expressions of the worst
// kinds at once, in a process that believes it has 256 MB. It reports what the others got
// meanwhile and how much memory the process and its workers took.
package main

// Package once remembers what was said already, so that a log says it once in the life of a process and not for every
// message. It is bounded. Start at Set.First.
package once

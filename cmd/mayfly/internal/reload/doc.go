// Package reload has a running bridge take a changed configuration: it watches mayfly.yaml and the files that it names,
// and puts a new bridge in the place of the old one where the new configuration is right. Where it is not, the old one
// stays, and the faults are told.
//
// It looks at the files, at their times and sizes, instead of being told by the system: editors that save by renaming
// and folders on other machines are no special cases. What is only in the memory of the old bridge is lost with it:
// which hubs devices are in, and which messages are known as repetitions.
//
// Start reading at Reloader. Bridge is what serves meanwhile.
package reload

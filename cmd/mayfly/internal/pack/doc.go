// Package pack copies into one folder what has to be uploaded: the program, the
// configuration file, every file that it names, and for Azure Functions the two files
// of its host. The program starts from that folder.
//
// The same input makes the same folder: modes and times are fixed. Keys are never
// copied, and what cannot keep its place is refused. The package reads no
// configuration itself; its caller knows the files.
//
// Start reading at [Plan.Write].
package pack

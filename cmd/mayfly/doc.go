// Command mayfly is the tool for people: it runs the bridge with an emulator of Azure on this machine (dev, emulator),
// tests sources and codecs (check, try, codec), sends messages (send, replay) and creates keys (keys). It is not for
// production; cmd/bootstrap is.
//
// Each command is a type with a method Run, in a file of its name; what a command does beyond reading flags and
// printing is in the packages under internal. Start reading in main.go, which parses the command line.
package main

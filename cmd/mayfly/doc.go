// Command mayfly is the tool for people: it runs the bridge with an emulator of Azure
// on this machine (dev, emulator), tests sources and codecs (check, try, codec), sends
// messages (send, replay) and makes keys (keys). It is not for production, which is
// cmd/bootstrap.
//
// Each command is a type with a method Run, in a file of its name. Start reading at
// main.go.
package main

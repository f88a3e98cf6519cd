// Package tool is what commands in packages of their own share: the environment, the three streams, sources, and errors
// that say what to try. It runs no command. Start at World.
package tool

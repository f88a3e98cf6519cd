// Package models reads files of device templates for the command line, and tells of each whether it can be used.
// Unlike the bridge, which refuses to start, it goes on with the others when one is wrong. Start at Read.
package models

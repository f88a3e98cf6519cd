// Package sample is the samples that prove a source: requests as they are written down in YAML, and
// the messages that they must make.
//
// It maps nothing: package transform does. Start reading at Sample and Differences.
package sample

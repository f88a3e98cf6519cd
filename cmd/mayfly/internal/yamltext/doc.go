// Package yamltext writes texts into YAML that people read: without quotes where none are needed, and as blocks where
// there are lines. It writes no structure.
//
// Start reading at ScalarText.
package yamltext

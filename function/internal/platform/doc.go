// Package platform tells where the process runs.
package platform

// Package blob is the storage account behind a hub's file upload: uploads that devices have started, and the files that
// they put.
//
// A [Store] issues and checks the SAS of an upload and keeps files within a number of bytes; a [Service] answers Put
// Blob, Put Block and Put Block List over HTTP. The hub's own operations, which start and end an upload, are in package
// hub. Blobs cannot be read, listed or deleted over HTTP.
//
// Start reading in store.go.
package blob

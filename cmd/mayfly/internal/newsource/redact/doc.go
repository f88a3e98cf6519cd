// Package redact replaces credentials in bodies that are shown or kept, and leaves all other bytes as the sender wrote
// them. It goes by the names of members and by the forms of their values.
//
// Start reading at JSON.
package redact

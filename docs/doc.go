// Package docs holds the pages of the documentation that programs show. The others are files beside it, for people.
//
// Start reading at Runbook.
package docs

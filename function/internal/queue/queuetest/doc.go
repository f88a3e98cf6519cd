// Package queuetest holds every kind of queue to what the interfaces of package queue promise: each adapter's tests
// call Run with a function that opens an empty queue.
//
// It does not: test what a queue does when its server or disk fails. That differs, and belongs to the adapter's own
// tests.
//
// Start reading at Run.
package queuetest
